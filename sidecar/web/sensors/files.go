package sensors

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxFile bounds what is read of a file, in bytes.
const maxFile = 64 << 10

// ticks are the processor's counters since the start of the system.
type ticks struct{ all, idle uint64 }

// read returns the content of a file below a root. Files that are not regular ones, which could block, are
// refused.
func read(root string, parts ...string) (string, error) {
	path := filepath.Join(append([]string{root}, parts...)...)
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: expected a file, found %s", path, info.Mode())
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxFile))
	return string(raw), errors.Join(err, file.Close())
}

// readTicks reads the counters of Linux, or asks another system for its own.
func readTicks(root string) (ticks, error) {
	text, err := read(root, "proc", "stat")
	if errors.Is(err, os.ErrNotExist) {
		return systemTicks()
	}
	if err != nil {
		return ticks{}, err
	}
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 6 || fields[0] != "cpu" {
		return ticks{}, fmt.Errorf("expected the counters of the processor in /proc/stat, found %.40q", line)
	}
	var t ticks
	// After the eighth come the times of guests, which the first ones contain already.
	for i, field := range fields[1:min(len(fields), 9)] {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			return ticks{}, fmt.Errorf("expected a number in /proc/stat, found %.40q", field)
		}
		t.all += n
		if i == 3 || i == 4 { // idle, and waiting for disks
			t.idle += n
		}
	}
	return t, nil
}
