package owner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// scanEvery is the number of readings after which all processes are searched for open graphics
// cards again. In between, only those that had one open are looked at.
const scanEvery = 10

// drmUse measures which part of a graphics card other programs use, from what drivers of the kernel
// say about each process that has a card open (drm-usage-stats of the kernel's documentation).
type drmUse struct {
	table *processTable
	now   func() time.Time

	// Only Read uses the fields below. files contains the open cards of processes, as paths of
	// fdinfo. used contains the nanoseconds of an engine by client.
	turn  int
	files map[int][]string
	used  map[engine]uint64
	at    time.Time
}

// engine is a part of a card as one client uses it.
type engine struct{ card, name, client string }

// read returns the largest load of an engine of a card, in percent.
func (u *drmUse) read(ctx context.Context) (float64, error) {
	if len(folders(filepath.Join(u.table.root, "sys/class/drm"), "renderD*")) == 0 {
		return 0, errors.New("no graphics card below /sys/class/drm")
	}
	first := u.used == nil
	if first {
		if err := u.sample(); err != nil {
			return 0, err
		}
		if err := wait(ctx, firstSpan); err != nil {
			return 0, err
		}
	}
	before, since := u.used, u.at
	if err := u.sample(); err != nil {
		return 0, err
	}
	elapsed := float64(u.at.Sub(since).Nanoseconds())
	if elapsed <= 0 {
		return 0, errors.New("the clock does not go on")
	}
	load := map[engine]float64{}
	for of, now := range u.used {
		if was, known := before[of]; known && now > was {
			of.client = ""
			load[of] += float64(now - was)
		}
	}
	most := 0.0
	for _, busy := range load {
		most = max(most, 100*busy/elapsed)
	}
	return min(most, 100), nil
}

// sample reads the counters of all clients that are not ours.
func (u *drmUse) sample() error {
	list, own, err := u.table.read()
	if err != nil {
		return err
	}
	if u.turn%scanEvery == 0 {
		u.files = map[int][]string{}
		for i := range list {
			if pid := list[i].pid; !own[pid] {
				u.scan(pid)
			}
		}
	}
	u.turn++
	used := map[engine]uint64{}
	for _, files := range u.files {
		for _, path := range files {
			if text, err := readFile(path); err == nil {
				addEngines(used, text)
			}
		}
	}
	u.used, u.at = used, u.now()
	return nil
}

// scan finds the graphics cards that a process has open. Processes of other users cannot be looked
// into.
func (u *drmUse) scan(pid int) {
	dir := filepath.Join(u.table.root, "proc", strconv.Itoa(pid))
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

// cards asks NVIDIA's library, and the kernel about all other cards.
type cards struct {
	nvidia *nvidia
	drm    *drmUse
	hwmon  hwmon
}

// use returns the load of the most loaded card by other programs.
func (c *cards) use(ctx context.Context) (float64, error) {
	return highest(func() (float64, error) { return c.nvidia.use(c.drm.table) }, func() (float64, error) { return c.drm.read(ctx) })
}

// temperature returns that of the hottest card.
func (c *cards) temperature(context.Context) (float64, error) {
	return highest(c.nvidia.temperature, func() (float64, error) { return c.hwmon.hottest(true) })
}

// highest returns the highest of the values that can be read.
func highest(reads ...func() (float64, error)) (float64, error) {
	most, seen := 0.0, false
	var errs []error
	for _, read := range reads {
		value, err := read()
		switch {
		case err != nil:
			errs = append(errs, err)
		case !seen || value > most:
			most, seen = value, true
		}
	}
	if seen {
		return most, nil
	}
	return 0, join(errs)
}
