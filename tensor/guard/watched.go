package guard

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/thetaedge/theta/tensor"
)

// ErrHung means that a device did not return in time.
var ErrHung = errors.New("the device does not answer")

// watched is a device whose calls end in time. After its first error it does nothing more.
type watched struct {
	inner tensor.Device
	clock *clock
	limit time.Duration
	// fuel is that of the calls since the device was last waited for.
	fuel   uint64
	failed error
	hung   bool
	// rooms are for what finish reads. A call that does not end goes on to write to them, but then nothing
	// else does.
	rooms [][]byte
}

// fail keeps the first error and returns it.
func (w *watched) fail(err error) error {
	if w.failed == nil {
		w.failed = err
	}
	return w.failed
}

// slowest is the time that a device may take for a unit of fuel in addition to its limit: some times
// that of one core.
const slowest = 20 * time.Nanosecond

// patience returns the time that a call may take. A program chooses how much it submits at once.
func (w *watched) patience() time.Duration {
	const most = 1 << 53 // years
	return w.limit + time.Duration(min(w.fuel, most))*slowest
}

// within runs a call of the device. A call that does not end goes on by itself: it may only use
// memory that the caller does not use any more.
func (w *watched) within(what string, call func() error) error {
	if w.failed != nil {
		return w.failed
	}
	done := make(chan error, 1)
	go func() { done <- call() }()
	patience, began := w.patience(), w.clock.now()
	ticker := time.NewTicker(max(min(patience, lookPause), time.Microsecond))
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return w.fail(fmt.Errorf("%s: %w", what, err))
			}
			return nil
		case <-ticker.C:
			if w.clock.now()-began < patience {
				continue
			}
			w.hung = true
			return w.fail(fmt.Errorf("%w: %s: expected %s to take at most %s", ErrHung, w.inner.Name(), what, patience))
		}
	}
}

func (w *watched) Name() string { return w.inner.Name() }

func (w *watched) New(s tensor.Shape) (tensor.Buffer, error) {
	made := make(chan tensor.Buffer, 1)
	err := w.within("a new tensor", func() error {
		b, err := w.inner.New(s)
		made <- b
		return err
	})
	if err != nil {
		return nil, err
	}
	return <-made, nil
}

func (w *watched) Submit(calls []tensor.Call) error {
	for _, call := range calls {
		w.fuel += min(tensor.Fuel(call.Op), math.MaxUint64-w.fuel)
	}
	return w.within("a submission", func() error { return w.inner.Submit(calls) })
}

// span is bytes of a tensor.
type span struct {
	of           tensor.Buffer
	offset, size uint64
}

// end is what a device gives at the end of all calls: checksums, the bytes that are asked for, and the time
// that it took to read them.
type end struct {
	sums     []uint64
	contents [][]byte
	took     time.Duration
}

// finish waits for all calls, and reads bytes after that, which stay until the next time. Each call that is
// watched changes goroutines, which takes longer than many a read.
func (w *watched) finish(spans ...span) (end, error) {
	if w.failed != nil {
		return end{}, w.failed
	}
	found := make(chan end, 1)
	w.rooms = append(w.rooms, make([][]byte, max(len(spans)-len(w.rooms), 0))...)
	err := w.within("waiting", func() error {
		sums, err := w.inner.Wait()
		began, r := w.clock.now(), end{sums: sums, contents: make([][]byte, len(spans))}
		for i, s := range spans {
			if err != nil {
				return err
			}
			if s.size > 0 {
				w.rooms[i] = slices.Grow(w.rooms[i][:0], int(s.size))
				r.contents[i] = w.rooms[i][:s.size]
				err = s.of.Read(s.offset, r.contents[i])
			}
		}
		r.took = w.clock.now() - began
		found <- r
		return err
	})
	if err != nil {
		return end{}, err
	}
	w.fuel = 0
	return <-found, nil
}

func (w *watched) write(b tensor.Buffer, offset uint64, p []byte) error {
	own := slices.Clone(p)
	return w.within("a write", func() error { return b.Write(offset, own) })
}

// read returns bytes that a call which does not end does not write to: it has no result.
func (w *watched) read(b tensor.Buffer, offset, size uint64) ([]byte, error) {
	p := make([]byte, size)
	if err := w.within("a read", func() error { return b.Read(offset, p) }); err != nil {
		return nil, err
	}
	return p, nil
}

// free gives up a tensor, of a device that has failed too unless it hangs.
func (w *watched) free(b tensor.Buffer) error {
	if w.failed == nil {
		return w.within("giving up a tensor", b.Free)
	}
	if !w.hung {
		_ = b.Free()
	}
	return w.failed
}

// Close ends the device. It does not wait for one that hangs, but asks it to end.
func (w *watched) Close() error {
	if w.hung {
		go func() { _ = w.inner.Close() }()
		return w.failed
	}
	return w.inner.Close()
}
