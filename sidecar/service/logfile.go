package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/thetaedge/theta/internal/osfault"
)

// logLimit is the size in bytes at which a log file becomes the former one. Both together bound the
// log.
const logLimit = 16 << 20

// LogFile is the log of a service whose supervisor does not collect it.
type LogFile struct {
	path  string
	limit int64

	mu   sync.Mutex
	file *os.File
	size int64
}

// OpenLog opens the log in a home. The former log has the same name and ".1".
func OpenLog(home string) (*LogFile, error) { return openLog(filepath.Join(home, logName), logLimit) }

func openLog(path string, limit int64) (*LogFile, error) {
	l := &LogFile{path: path, limit: limit}
	return l, l.open()
}

func (l *LogFile) open() error {
	file, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("cannot open the log: %w", osfault.Explain(l.path, err))
	}
	status, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	l.file, l.size = file, status.Size()
	return nil
}

// Write appends lines. It begins a new file before the present one exceeds the limit.
func (l *LogFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(p)) > l.limit {
		if err := l.turn(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

// turn makes the present file the former one. Windows renames only files that are closed.
func (l *LogFile) turn() error {
	if err := l.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return err
	}
	renamed := osfault.Replace(l.path, l.path+".1")
	return errors.Join(renamed, l.open())
}

// Close closes the log.
func (l *LogFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
