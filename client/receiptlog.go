package client

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/thetaedge/theta/internal/osfault"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// ReceiptsFile is the file with the receipts of an array's chunks, next to its results.
	ReceiptsFile = ".theta-receipts"
	// maxReceiptBytes bounds one receipt; hundreds of nodes fit into it.
	maxReceiptBytes = 1 << 20
)

// receiptLog is a file with the receipts of an array in the order in which they came. Each
// begins with its length in 4 bytes, big endian. A receipt that was cut off by a crash is
// read from the chain again.
type receiptLog struct {
	path string
	// tasks holds the receipts by the first task of their chunk.
	tasks map[uint64]computetypes.Receipt
}

// openReceiptLog reads the receipts in a folder.
func openReceiptLog(dir string) (*receiptLog, error) {
	log := &receiptLog{path: filepath.Join(dir, ReceiptsFile), tasks: make(map[uint64]computetypes.Receipt)}
	file, err := os.Open(log.path)
	if errors.Is(err, fs.ErrNotExist) {
		return log, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the receipts: %w", osfault.Explain(log.path, err))
	}
	defer file.Close() //nolint:errcheck // read only
	whole := int64(0)
	reader := bufio.NewReader(file)
	for {
		raw, err := readFramed(reader)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return log, log.cut(whole)
		case err != nil:
			return nil, log.damaged(err)
		}
		var receipt computetypes.Receipt
		if err := receipt.Unmarshal(raw); err != nil {
			return nil, log.damaged(err)
		}
		log.tasks[receipt.Task] = receipt
		whole += int64(len(raw)) + 4
	}
}

// damaged says why the receipts cannot be read: the system refuses it, or a record is not a
// receipt. Receipts that the chain has pruned cannot be collected again, so damaged makes a
// copy first.
func (l *receiptLog) damaged(err error) error {
	if _, system := osfault.Of(err); system {
		return fmt.Errorf("cannot read the receipts: %w", osfault.Explain(l.path, err))
	}
	return fmt.Errorf("%s: expected receipts, found a file that is damaged: %w; %s. Move the file away to collect the receipts again: the chain gives those that it still keeps", l.path, err, osfault.Kept(l.path))
}

func readFramed(reader io.Reader) ([]byte, error) {
	var size uint32
	if err := binary.Read(reader, binary.BigEndian, &size); err != nil {
		return nil, err
	}
	if size > maxReceiptBytes {
		return nil, fmt.Errorf("expected receipts of at most %d bytes, found one of %d", maxReceiptBytes, size)
	}
	raw := make([]byte, size)
	_, err := io.ReadFull(reader, raw)
	return raw, err
}

// cut removes an unfinished receipt at the end, if there is one, because a folder that
// cannot be written to can still be read.
func (l *receiptLog) cut(whole int64) error {
	if stat, err := os.Stat(l.path); err == nil && stat.Size() == whole {
		return nil
	}
	return osfault.Explain(l.path, os.Truncate(l.path, whole))
}

// add appends receipts that the file does not have. They are on disk when it returns.
func (l *receiptLog) add(receipts []computetypes.Receipt) error {
	var out []byte
	added := make(map[uint64]computetypes.Receipt)
	for _, receipt := range receipts {
		_, known := l.tasks[receipt.Task]
		if _, twice := added[receipt.Task]; known || twice {
			continue
		}
		if receipt.Tasks() > computetypes.MaxChunkTasks || receipt.Task >= computetypes.MaxTasks {
			return fmt.Errorf("receipt of job %s: expected one of at most %d tasks, found one of %d tasks from %d on: the node lies; use another node",
				receipt.JobId, computetypes.MaxChunkTasks, receipt.Tasks(), receipt.Task)
		}
		raw, err := receipt.Marshal()
		if err != nil {
			return err
		}
		if len(raw) > maxReceiptBytes {
			return fmt.Errorf("receipt of task %d of job %s: expected at most %d bytes, found %d: the node lies; use another node",
				receipt.Task, receipt.JobId, maxReceiptBytes, len(raw))
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(raw))) //nolint:gosec // bounded above
		out = append(out, raw...)
		added[receipt.Task] = receipt
	}
	if len(out) == 0 {
		return nil
	}
	if err := l.write(out); err != nil {
		return err
	}
	maps.Copy(l.tasks, added)
	return nil
}

// write adds to the end of the file.
func (l *receiptLog) write(out []byte) error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // receipts are public
	if err != nil {
		return osfault.Explain(l.path, err)
	}
	_, err = file.Write(out)
	return osfault.Explain(l.path, errors.Join(err, file.Sync(), file.Close()))
}

// receipts returns them all, in no order.
func (l *receiptLog) receipts() []computetypes.Receipt {
	all := make([]computetypes.Receipt, 0, len(l.tasks))
	for _, receipt := range l.tasks {
		all = append(all, receipt)
	}
	return all
}

// firstMissing returns the first task without a receipt in the file.
func (l *receiptLog) firstMissing() uint64 {
	for task := uint64(0); ; {
		receipt, known := l.tasks[task]
		if !known {
			return task
		}
		task += receipt.Tasks()
	}
}

// forget empties the log.
func (l *receiptLog) forget() error {
	clear(l.tasks)
	err := os.Remove(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
