package device

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// PowercapRoot is the folder in which Linux shows the processor's energy counters.
	PowercapRoot = "/sys/class/powercap"
	// raplEvery is the pause between two samples. It is well below the time in which the
	// smallest known counter (65 kJ) overflows at 1 kW, so that no overflow is missed.
	raplEvery = 10 * time.Second
)

// zone is the counter of one processor package. It counts microjoules up to max and then
// begins again at 0.
type zone struct {
	path string
	max  uint64
}

// rapl measures all processor packages of a machine.
type rapl struct {
	zones []zone
}

// NewRAPL returns a meter that reads the counters of processor packages below root, normally
// PowercapRoot. If there are no counters, or they cannot be read (on most systems only root
// can read them), it returns an Unmeasured with the reason.
func NewRAPL(root string) Meter {
	names, err := filepath.Glob(filepath.Join(root, "intel-rapl:*", "name"))
	if err != nil {
		return Unmeasured("rapl: " + err.Error())
	}
	var zones []zone
	for _, name := range names {
		dir := filepath.Dir(name)
		text, err := os.ReadFile(name)
		// Only counters of whole packages are read, because their parts (intel-rapl:0:0) and
		// the platform (psys) would count the same energy twice.
		if err != nil || !strings.HasPrefix(string(text), "package-") || strings.Count(filepath.Base(dir), ":") != 1 {
			continue
		}
		limit, err := readCounter(filepath.Join(dir, "max_energy_range_uj"))
		if err == nil {
			_, err = readCounter(filepath.Join(dir, "energy_uj"))
		}
		if err != nil {
			return Unmeasured("rapl: " + explainAccess(err))
		}
		zones = append(zones, zone{filepath.Join(dir, "energy_uj"), limit})
	}
	if len(zones) == 0 {
		return Unmeasured("rapl: this machine has no counters under " + root)
	}
	return &rapl{zones}
}

func explainAccess(err error) string {
	if errors.Is(err, fs.ErrPermission) {
		return err.Error() + "; allow it with a udev rule or run as a user that may read it"
	}
	return err.Error()
}

func readCounter(path string) (uint64, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	value, err := strconv.ParseUint(strings.TrimSpace(string(raw)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("expected a number of microjoules in %s: %w", path, err)
	}
	return value, nil
}

// Start samples the counters periodically until the span is stopped.
func (r *rapl) Start(ctx context.Context) Span {
	ctx, cancel := context.WithCancel(ctx)
	s := &raplSpan{zones: r.zones, last: make([]uint64, len(r.zones)), cancel: cancel, done: make(chan struct{})}
	for i, z := range r.zones {
		s.last[i], s.err = readCounter(z.path)
		if s.err != nil {
			break
		}
	}
	go s.run(ctx)
	return s
}

// raplSpan adds up the differences between samples.
type raplSpan struct {
	zones  []zone
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	last  []uint64
	micro uint64
	err   error
}

func (s *raplSpan) run(ctx context.Context) {
	defer close(s.done)
	ticker := time.NewTicker(raplEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.sample()
		}
	}
}

func (s *raplSpan) sample() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, z := range s.zones {
		if s.err != nil {
			return
		}
		now, err := readCounter(z.path)
		switch {
		case err != nil:
			s.err = err
		case now >= s.last[i]:
			s.micro += now - s.last[i]
		case s.last[i] <= z.max:
			s.micro += z.max - s.last[i] + now
		default:
			s.err = fmt.Errorf("%w: %s fell from %d to %d and its range is %d", ErrNotMeasured, z.path, s.last[i], now, z.max)
		}
		s.last[i] = now
	}
}

// Stop takes a last sample. Nothing is sampled between the end of the context and Stop, so
// that an overflow of a counter in that time would be missed.
func (s *raplSpan) Stop() Energy {
	s.cancel()
	<-s.done
	s.sample()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return unmeasured("rapl", s.err)
	}
	return Energy{Millijoules: s.micro / 1000, Source: "rapl"}
}
