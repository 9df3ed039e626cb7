package owner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// mostFile is the largest part of a file of the kernel that is read, in bytes.
const mostFile = 64 << 10

// readFile reads the start of a file of the kernel. It does not wait for a pipe that may have been
// put there.
func readFile(path string) (string, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(io.LimitReader(file, mostFile))
	return string(content), errors.Join(err, file.Close())
}

// readText reads the one line that a file contains.
func readText(path string) (string, error) {
	text, err := readFile(path)
	return strings.TrimSpace(text), err
}

// readNumber reads the one whole number that a file contains.
func readNumber(path string) (float64, error) {
	text, err := readText(path)
	if err != nil {
		return 0, err
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("expected a whole number in %s, found %.40q", path, text)
	}
	return float64(number), nil
}

// folders returns the folders of a folder whose names match a pattern.
func folders(path, pattern string) []string {
	// The pattern is constant and valid, and a folder that is missing has no match.
	found, _ := filepath.Glob(filepath.Join(path, pattern))
	return found
}
