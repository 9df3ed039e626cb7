package device

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// cpuModel reads the processor's name from /proc/cpuinfo. If that file does not contain a
// name, as on some boards, it reads the device tree.
func cpuModel(root string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(root, "proc/cpuinfo"))
	if err != nil {
		return Unknown, err
	}
	if name := field(raw, "model name"); name != "" {
		return name, nil
	}
	board, err := os.ReadFile(filepath.Join(root, "proc/device-tree/model"))
	if name := strings.TrimSpace(strings.TrimRight(string(board), "\x00")); err == nil && name != "" {
		return name, nil
	}
	return Unknown, errors.New("expected a model name in /proc/cpuinfo or /proc/device-tree/model, found none")
}

// memoryBytes returns the machine's memory, or the limit of a control group if that is less.
func memoryBytes(root string) (uint64, error) {
	raw, err := os.ReadFile(filepath.Join(root, "proc/meminfo"))
	if err != nil {
		return 0, err
	}
	words := strings.Fields(field(raw, "MemTotal"))
	if len(words) != 2 || words[1] != "kB" {
		return 0, fmt.Errorf("expected MemTotal in kB in /proc/meminfo, found %q", strings.Join(words, " "))
	}
	kib, err := strconv.ParseUint(words[0], 10, 54)
	if err != nil {
		return 0, fmt.Errorf("expected MemTotal in /proc/meminfo to be a number: %w", err)
	}
	return min(kib<<10, groupLimit(root)), nil
}

// groupLimit returns the smallest memory.max of this process's control groups (version 2).
// Containers and service managers limit memory in this way.
func groupLimit(root string) uint64 {
	least := ^uint64(0)
	raw, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return least
	}
	for _, line := range strings.Split(string(raw), "\n") {
		group, ok := strings.CutPrefix(line, "0::")
		if !ok {
			continue
		}
		for group = path.Clean("/" + group); ; group = path.Dir(group) {
			text, err := os.ReadFile(filepath.Join(root, "sys/fs/cgroup", group, "memory.max"))
			if err == nil {
				// The value "max" means no limit and cannot be parsed as a number.
				if limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil {
					least = min(least, limit)
				}
			}
			if group == "/" {
				break
			}
		}
	}
	return least
}

// field returns the first value in a listing of "name : value" lines.
func field(raw []byte, name string) string {
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		key, value, ok := strings.Cut(lines.Text(), ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
