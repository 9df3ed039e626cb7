package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/internal/osfault"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// resultsFile contains a record per executed task of a chunk, and manifestsFile the encoded
	// result manifests, both in the order of execution.
	resultsFile, manifestsFile = "results", "manifests"
	// resultsMagic begins the file of records. The digest of what is executed follows it.
	resultsMagic     = "theta/r1"
	resultsHeadBytes = len(resultsMagic) + sha256.Size
	taskResultBytes  = 32 + 4 + 8 + 4 + 32 + 32 + 8 + 8 + 8 + resultCheckBytes
	resultCheckBytes = 8
	// syncPause is the time after which results are written to the disk at the latest, with
	// the next result. All of them are written before a result is sealed.
	syncPause = time.Second
	// mostPending is the number of results that wait for it at the same time.
	mostPending = 512
)

// taskResult is the result of one task of a chunk, as its record contains it.
type taskResult struct {
	manifest      [sha256.Size]byte
	manifestBytes uint32
	fuel          uint64
	exitCode      uint32
	trace, own    executor.Trace
	wallMillis    uint64
	outputBytes   uint64
	peakMemory    uint64
}

// encode returns the record of a result. It ends with a checksum, so that a record that was
// not written completely is recognized.
func (r *taskResult) encode() []byte {
	out := make([]byte, 0, taskResultBytes)
	out = append(out, r.manifest[:]...)
	out = binary.BigEndian.AppendUint32(out, r.manifestBytes)
	out = binary.BigEndian.AppendUint64(out, r.fuel)
	out = binary.BigEndian.AppendUint32(out, r.exitCode)
	out = append(append(out, r.trace[:]...), r.own[:]...)
	out = binary.BigEndian.AppendUint64(out, r.wallMillis)
	out = binary.BigEndian.AppendUint64(out, r.outputBytes)
	out = binary.BigEndian.AppendUint64(out, r.peakMemory)
	check := sha256.Sum256(out)
	return append(out, check[:resultCheckBytes]...)
}

// decodeResult reads a record.
func decodeResult(raw []byte) (r taskResult, ok bool) {
	number := func(bytes int) (n uint64) {
		for _, b := range raw[:bytes] {
			n = n<<8 | uint64(b)
		}
		raw = raw[bytes:]
		return n
	}
	whole := raw
	raw = raw[copy(r.manifest[:], raw):]
	r.manifestBytes, r.fuel, r.exitCode = uint32(number(4)), number(8), uint32(number(4)) //nolint:gosec // so many bytes
	raw = raw[copy(r.trace[:], raw):]
	raw = raw[copy(r.own[:], raw):]
	r.wallMillis, r.outputBytes, r.peakMemory = number(8), number(8), number(8)
	return r, bytes.Equal(r.encode(), whole)
}

// leaf returns the leaf of the result in the tree of its chunk.
func (r *taskResult) leaf(chainID, job string, task uint64, opening computetypes.Opening) computetypes.Subtree {
	return computetypes.Subtree{Hash: computetypes.Tag(chainID, job, task, opening), Fuel: r.fuel}
}

// opening returns what the tag of the result is made of.
func (r *taskResult) opening(round uint32, ownTrace bool) computetypes.Opening {
	shown := computetypes.Opening{
		Round: round, Digest: r.manifest[:], Fuel: r.fuel, ExitCode: r.exitCode, Trace: r.trace[:],
	}
	if ownTrace {
		shown.OwnTrace = r.own[:]
	}
	return shown
}

// results contains the files with the results of a chunk while its tasks are executed.
type results struct {
	records, manifests *os.File
	// done contains all results. The last ones, of which pending and listed are the manifests
	// and the records, have not been written.
	done            []taskResult
	pending, listed []byte
	waiting         int
	// outputs writes the outputs of count results from the first-th on to the disk.
	outputs  func(first, count int) error
	syncedAt time.Time
	unsynced bool
	// broken is set if a file may have a part of what was to be written.
	broken error
}

// openResults opens the results in a folder. It keeps the first whole results of an earlier
// execution of the same work; work is a digest of what is executed. It removes everything
// else from the folder's files. outputs writes the outputs of count results to the disk.
func openResults(folder string, work [sha256.Size]byte, outputs func(first, count int) error) (*results, error) {
	kept, err := readRecords(folder, work, computetypes.MaxChunkTasks)
	if err != nil && !errors.Is(err, errOtherWork) && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read the results of a chunk: %w", osfault.Explain(folder, err))
	}
	if err != nil {
		if err := os.RemoveAll(folder); err != nil {
			return nil, fmt.Errorf("cannot clear the work folder: %w", osfault.Explain(folder, err))
		}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("cannot create the work folder: %w", osfault.Explain(folder, err))
	}
	r := &results{outputs: outputs, syncedAt: time.Now(), unsynced: true}
	if r.records, err = os.OpenFile(filepath.Join(folder, resultsFile), os.O_RDWR|os.O_CREATE, 0o600); err == nil {
		r.manifests, err = os.OpenFile(filepath.Join(folder, manifestsFile), os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err == nil {
		err = r.keep(kept, work)
	}
	if err != nil {
		r.close()
		return nil, fmt.Errorf("cannot keep the results of a chunk: %w", osfault.Explain(folder, err))
	}
	return r, nil
}

// keep takes over the results whose manifests are whole too, and cuts the files behind them.
func (r *results) keep(kept []taskResult, work [sha256.Size]byte) error {
	var manifests int64
	for i := range kept {
		if encoded, err := readManifest(r.manifests, &kept[i]); err != nil || len(encoded) == 0 {
			break
		}
		r.done = append(r.done, kept[i])
		manifests += int64(kept[i].manifestBytes)
	}
	end := int64(resultsHeadBytes + len(r.done)*taskResultBytes)
	_, err := r.records.WriteAt(append([]byte(resultsMagic), work[:]...), 0)
	err = errors.Join(err, r.records.Truncate(end), r.manifests.Truncate(manifests))
	_, seekErr := r.records.Seek(end, io.SeekStart)
	_, otherErr := r.manifests.Seek(manifests, io.SeekStart)
	return errors.Join(err, seekErr, otherErr)
}

// add keeps the result of the next task.
func (r *results) add(result taskResult, manifest []byte) error {
	r.pending, r.listed = append(r.pending, manifest...), append(r.listed, result.encode()...)
	r.done, r.waiting, r.unsynced = append(r.done, result), r.waiting+1, true
	if time.Since(r.syncedAt) < syncPause && r.waiting < mostPending {
		return nil
	}
	return r.sync()
}

// sync writes the results to the disk: first the outputs, then the manifests that name them,
// and last the records. Wherever a power failure cuts it, a whole record has its outputs.
func (r *results) sync() error {
	if !r.unsynced || r.broken != nil {
		return r.broken
	}
	if r.waiting > 0 {
		if err := r.outputs(len(r.done)-r.waiting, r.waiting); err != nil {
			return fmt.Errorf("cannot keep the outputs of a chunk: %w", err)
		}
	}
	if err := write(r.manifests, r.pending); err != nil {
		r.broken = fmt.Errorf("cannot keep result manifests: %w", err)
		return r.broken
	}
	if err := write(r.records, r.listed); err != nil {
		r.broken = fmt.Errorf("cannot keep results: %w", err)
		return r.broken
	}
	r.pending, r.listed, r.waiting, r.unsynced, r.syncedAt = r.pending[:0], r.listed[:0], 0, false, time.Now()
	return nil
}

// written returns the results that are on the disk.
func (r *results) written() []taskResult { return r.done[:len(r.done)-r.waiting] }

// write appends to a file and syncs it.
func write(to *os.File, content []byte) error {
	_, err := to.Write(content)
	if err != nil {
		return err
	}
	return to.Sync()
}

func (r *results) close() {
	for _, file := range []*os.File{r.records, r.manifests} {
		if file != nil {
			_ = file.Close() // what counts was synced
		}
	}
}

// errOtherWork means that the results in a folder are those of other work.
var errOtherWork = errors.New("the results in this folder are those of other work")

// readRecords reads the first whole records in a folder, at most a number of them.
func readRecords(folder string, work [sha256.Size]byte, most int) ([]taskResult, error) {
	file, err := os.Open(filepath.Join(folder, resultsFile))
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	head := make([]byte, resultsHeadBytes)
	if _, err := io.ReadFull(file, head); err != nil || !bytes.Equal(head, append([]byte(resultsMagic), work[:]...)) {
		return nil, errOtherWork
	}
	var list []taskResult
	raw := make([]byte, taskResultBytes)
	for len(list) < most {
		if _, err := io.ReadFull(file, raw); err != nil {
			break
		}
		result, ok := decodeResult(raw)
		if !ok {
			break
		}
		list = append(list, result)
	}
	return list, nil
}

// digestOf returns the digest of the records of results. The journal contains it.
func digestOf(list []taskResult) []byte {
	all := sha256.New()
	for i := range list {
		all.Write(list[i].encode())
	}
	return all.Sum(nil)
}

// readManifest reads the next manifest, which is that of a result.
func readManifest(from io.Reader, result *taskResult) ([]byte, error) {
	var encoded bytes.Buffer
	_, err := io.CopyN(&encoded, from, int64(result.manifestBytes))
	if err == nil && sha256.Sum256(encoded.Bytes()) != result.manifest {
		err = fmt.Errorf("expected sha256 %x, found another on this disk", result.manifest)
	}
	if err != nil {
		return nil, fmt.Errorf("result manifest: %w", err)
	}
	return encoded.Bytes(), nil
}
