package device

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// scanEvery is the number of readings after which all processes are searched for open graphics
	// cards again. In between, only those that had one open are looked at.
	scanEvery = 10
	// UseSpan is the shortest time over which the use of a card is measured.
	UseSpan = 150 * time.Millisecond
	// maxUse is the size of the largest file that says how a process uses a card, in bytes.
	maxUse = 64 << 10
	// longestUse is the longest time between two readings of which the use is a mean.
	longestUse = 10 * time.Second
)

// drmUse measures which part of a graphics card processes use, from what drivers of the kernel say
// about each process that has a card open (drm-usage-stats of the kernel's documentation).
type drmUse struct {
	root string
	now  func() time.Time

	// Only read uses the fields below. files contains the open cards of processes, as paths of
	// fdinfo. used contains the nanoseconds of an engine by client.
	turn  int
	files map[int][]string
	used  map[engine]uint64
	at    time.Time
	last  float64
}

// engine is a part of a card as one client uses it.
type engine struct{ card, name, client string }

// read returns the largest load of an engine of a card by processes that are not own, in percent: the
// mean since the last reading.
func (u *drmUse) read(own map[int]bool) (float64, error) {
	if len(matching(u.root, "sys/class/drm/renderD*")) == 0 {
		return 0, errors.New("no graphics card below /sys/class/drm")
	}
	now := u.now()
	elapsed := now.Sub(u.at)
	early := u.used == nil || elapsed > longestUse || elapsed <= 0
	if !early && elapsed < UseSpan {
		return u.last, nil
	}
	before := u.used
	if err := u.sample(own); err != nil {
		return 0, err
	}
	u.at = now
	if early {
		u.last = 0
		return 0, fmt.Errorf("/sys/class/drm: %w", ErrTooEarly)
	}
	load := map[engine]float64{}
	for of, now := range u.used {
		if was, known := before[of]; known && now > was {
			of.client = ""
			load[of] += float64(now - was)
		}
	}
	u.last = 0
	for _, busy := range load {
		u.last = max(u.last, min(100, 100*busy/float64(elapsed.Nanoseconds())))
	}
	return u.last, nil
}

// sample reads the counters of all clients that are not own.
func (u *drmUse) sample(own map[int]bool) error {
	if u.turn%scanEvery == 0 {
		if err := u.scan(); err != nil {
			return err
		}
	}
	u.turn++
	u.used = map[engine]uint64{}
	for pid, files := range u.files {
		if own[pid] {
			continue
		}
		for _, path := range files {
			if text, err := readFile(path, maxUse); err == nil {
				addEngines(u.used, text)
			}
		}
	}
	return nil
}

// scan finds the processes that have a graphics card open.
func (u *drmUse) scan() error {
	folder, err := os.Open(filepath.Join(u.root, "proc"))
	if err != nil {
		return err
	}
	names, readErr := folder.Readdirnames(-1)
	if err := errors.Join(readErr, folder.Close()); err != nil {
		return err
	}
	u.files = map[int][]string{}
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && pid > 0 {
			u.look(pid)
		}
	}
	return nil
}

// look finds the graphics cards that a process has open. Processes of other users cannot be looked
// into.
func (u *drmUse) look(pid int) {
	dir := filepath.Join(u.root, "proc", strconv.Itoa(pid))
	entries, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return
	}
	for _, entry := range entries {
		if target, err := os.Readlink(filepath.Join(dir, "fd", entry.Name())); err == nil && strings.HasPrefix(target, "/dev/dri/") {
			u.files[pid] = append(u.files[pid], filepath.Join(dir, "fdinfo", entry.Name()))
		}
	}
}

// addEngines reads the text of one file of fdinfo. A client that has several files counts once.
func addEngines(used map[engine]uint64, text string) {
	var card, client string
	times := map[string]uint64{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		name, isEngine := strings.CutPrefix(key, "drm-engine-")
		switch {
		case !ok:
		case key == "drm-pdev":
			card = value
		case key == "drm-client-id":
			client = value
		case isEngine && !strings.HasPrefix(name, "capacity-"):
			number, unit, _ := strings.Cut(value, " ")
			if nanos, err := strconv.ParseUint(number, 10, 63); err == nil && unit == "ns" {
				times[name] = nanos
			}
		}
	}
	for name, nanos := range times {
		used[engine{card, name, client}] = nanos
	}
}
