package devnet

import (
	"os"
	"path/filepath"
	"strconv"
)

// Worker is a process that runs a stranger's program for a node.
type Worker struct {
	PID int
	// Program is the path of the program.
	Program string
}

// Workers lists the processes that hold a program for the node, as far as the system shows
// them (Linux).
func (n Node) Workers() []Worker {
	// Each profile has a folder for its workers.
	programs, err := filepath.Glob(filepath.Join(n.home, "workers", "*", "*", "in", "program"))
	if err != nil || len(programs) == 0 {
		return nil
	}
	at := make(map[string]string, len(programs))
	for _, program := range programs {
		at[filepath.Dir(filepath.Dir(program))] = program
	}
	places, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return nil
	}
	var workers []Worker
	for _, place := range places {
		folder, err := os.Readlink(place)
		if err != nil || at[folder] == "" {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(place))); err == nil {
			workers = append(workers, Worker{PID: pid, Program: at[folder]})
		}
	}
	return workers
}
