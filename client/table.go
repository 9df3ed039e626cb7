package client

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/internal/osfault"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// TableFile is a CSV file that says of each task of an array how it ended, next to its
// results. Its columns are task, status, exit_code and fuel. The exit code is that of the
// program, or -1 if it did not exit by itself.
const TableFile = "results.csv"

// Statuses in the table in addition to those of the chain. A missing result was accepted and
// is not on this machine.
const (
	statusMissing     = "missing"
	statusNeverOpened = "never opened"
)

// row is how a task ended. Only accepted results have an exit code and fuel.
type row struct {
	status   string
	accepted bool
	exit     int32
	fuel     uint64
}

func (r row) String() string {
	if !r.accepted {
		return r.status + ",,"
	}
	return r.status + "," + strconv.Itoa(int(r.exit)) + "," + strconv.FormatUint(r.fuel, 10)
}

// writeTable writes the table of an ended array and returns how many accepted results have
// each exit code.
func (a *array) writeTable(job *computetypes.Job) (codes map[int32]int, err error) {
	path := filepath.Join(a.dir, TableFile)
	file, err := os.CreateTemp(a.dir, ".theta-*.tmp")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // gone after the rename
	out := bufio.NewWriter(file)
	a.misstated = nil
	fmt.Fprintln(out, "task,status,exit_code,fuel")
	codes = make(map[int32]int)
	for task := uint64(0); task < min(job.Tasks, computetypes.MaxTasks); {
		rows := []row{{status: statusNeverOpened}}
		if receipt, ended := a.log.tasks[task]; ended {
			rows = a.rows(&receipt)
		}
		for _, r := range rows {
			fmt.Fprintf(out, "%d,%s\n", task, r)
			if r.accepted {
				codes[r.exit]++
			}
			task++
		}
	}
	err = errors.Join(out.Flush(), file.Chmod(0o644), file.Close())
	if err == nil {
		err = osfault.Replace(file.Name(), path)
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return codes, nil
}

// rows returns how the tasks of a chunk ended. It notes a chunk whose nodes have stated a false number
// of failed tasks.
func (a *array) rows(receipt *computetypes.Receipt) []row {
	rows := make([]row, receipt.Tasks())
	index := blob.Index{Leaves: []blob.Leaf{{Fuel: receipt.Fuel, ExitCode: receipt.ExitCode}}}
	var err error
	if receipt.Status == computetypes.CHUNK_STATUS_ACCEPTED && len(rows) > 1 {
		if index, err = readIndex(a.c.chainID, receipt, a.dir); err == nil {
			if m, differs := misstated(receipt, &index); differs {
				a.misstated = append(a.misstated, m)
			}
		}
	}
	for p := range rows {
		switch _, missing := a.missing[receipt.Task+uint64(p)]; { //nolint:gosec // not negative
		case receipt.Status != computetypes.CHUNK_STATUS_ACCEPTED:
			rows[p].status = strings.ToLower(strings.TrimPrefix(receipt.Status.String(), "CHUNK_STATUS_"))
		case missing || err != nil:
			rows[p].status = statusMissing
		default:
			leaf := &index.Leaves[p]
			rows[p] = row{status: "accepted", accepted: true, exit: int32(leaf.ExitCode), fuel: leaf.Fuel} //nolint:gosec // the same bits with a sign
		}
	}
	return rows
}
