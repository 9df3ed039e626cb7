package device

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// maxSmall is the size of the largest file that a driver shows under /sys: one page.
const maxSmall = 4096

// readSmall returns the content of a file of a driver of at most 4 KiB.
func readSmall(path string) (string, error) { return readFile(path, maxSmall) }

// readFile returns the content of a file of a driver. The tree may be damaged or may have been made by another
// party, so that it refuses everything except regular files of at most most bytes, and does not wait
// for the writer of a pipe.
func readFile(path string, most int64) (string, error) {
	text, err := readStart(path, most+1)
	if err == nil && int64(len(text)) > most {
		return "", fmt.Errorf("expected at most %d bytes in %s, found more", most, path)
	}
	return strings.TrimSpace(text), err
}

// readStart returns at most the first bytes of such a file.
func readStart(path string, most int64) (string, error) {
	if info, err := os.Stat(path); err != nil {
		return "", explainFile(err)
	} else if !info.Mode().IsRegular() {
		return "", fmt.Errorf("expected a regular file at %s, found %s", path, info.Mode().Type())
	}
	file, err := os.OpenFile(path, os.O_RDONLY|noWait, 0)
	if err != nil {
		return "", explainFile(err)
	}
	defer func() { _ = file.Close() }()
	// Another file may have taken the place of the one above.
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.Join(fmt.Errorf("expected a regular file at %s", path), err)
	}
	raw, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return "", explainFile(err)
	}
	return string(raw), nil
}

// explainFile says what to do about an error where that is known.
func explainFile(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w; allow it with a udev rule or run as a user that may read it", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the driver does not report it: %w", err)
	}
	return err
}

// readNumber returns the decimal number in a file, which may be negative.
func readNumber(path string) (int64, error) {
	text, err := readSmall(path)
	if err != nil {
		return 0, err
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("expected a number in %s, found %q", path, clipped(text))
	}
	return value, nil
}

// readCounter returns the decimal number in a file, which is not negative.
func readCounter(path string) (uint64, error) {
	text, err := readSmall(path)
	if err != nil {
		return 0, err
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("expected a number that is not negative in %s, found %q", path, clipped(text))
	}
	return value, nil
}

// fileReading returns the number in a file below a folder.
func fileReading(folder, name string) Reading {
	return readingOf(readNumber(filepath.Join(folder, name)))
}

// clipped returns the beginning of a text for an error.
func clipped(text string) string {
	const most = 40
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}
