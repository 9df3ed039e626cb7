package cuda

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"time"
	"unsafe"
)

// Bounds of what is under way.
const (
	// slotCount is the number of batches of commands that may be under way.
	slotCount = 4
	// batchCommands and batchWork bound a batch; the latter is in runs of kernels of the largest work.
	batchCommands = 1024
	batchWork     = 8
)

// slot is a batch of commands.
type slot struct {
	event    uintptr
	commands int
	work     uint64
	// sequence is the number that the last command leaves as a mark; 0 if nothing is under way.
	sequence uint32
}

// stream is where commands take effect in order.
type stream struct {
	handle uintptr
	slots  [slotCount]slot
	// next is the slot of the batch that follows, and open is the batch to which commands are added.
	next     int
	open     *slot
	sequence uint32
	// marks are a word for each slot on the card, and seen are their copies on the host.
	marks span
	seen  hostMemory
}

// Flags of streams and events: they do not wait for others, and events take no time.
const (
	streamNonBlocking  = 1
	eventDisableTiming = 2
)

func (d *Device) openStream() error {
	s := &d.stream
	if err := d.streamCreate.call(uintptr(unsafe.Pointer(&s.handle)), streamNonBlocking).check("making a stream"); err != nil {
		return err
	}
	for i := range s.slots {
		if err := d.eventCreate.call(uintptr(unsafe.Pointer(&s.slots[i].event)), eventDisableTiming).check("making an event"); err != nil {
			return err
		}
	}
	var err error
	if s.marks, err = d.allocate(4 * slotCount); err != nil {
		return err
	}
	if s.seen, err = d.host(4 * slotCount); err != nil {
		return err
	}
	clear(s.seen.bytes())
	return nil
}

func (s *stream) close(d *Device) {
	for _, at := range s.slots {
		if at.event != 0 {
			d.eventDestroy.call(at.event)
		}
	}
	s.marks.close(d)
	s.seen.close(d)
	if s.handle != 0 {
		d.streamDestroy.call(s.handle)
	}
}

// begin makes sure that a batch is open for another command of some work.
func (d *Device) begin(work uint64) error {
	s := &d.stream
	if d.lost != nil {
		return d.lost
	}
	if at := s.open; at != nil && (at.commands == batchCommands || at.work > 0 && at.work+work > batchWork*d.limits.Work) {
		if err := d.flush(); err != nil {
			return err
		}
	}
	if s.open == nil {
		at := &s.slots[s.next]
		if err := d.await(at); err != nil {
			return err
		}
		s.next = (s.next + 1) % slotCount
		at.commands, at.work = 0, 0
		s.open = at
	}
	s.open.commands++
	s.open.work += work
	return nil
}

// flush ends a batch. Its last command leaves a mark.
func (d *Device) flush() error {
	s := &d.stream
	if s.open == nil || d.lost != nil {
		return d.lost
	}
	at := s.open
	s.sequence = max(s.sequence+1, 1)
	place := uintptr(4 * s.place(at))
	if err := d.memsetD32Async.call(s.marks.at+place, uintptr(s.sequence), 1, s.handle).check("leaving a mark"); err != nil {
		return d.fail(err)
	}
	if err := d.memcpyDtoHAsync.call(uintptr(s.seen.at)+place, s.marks.at+place, 4, s.handle).check("reading a mark"); err != nil {
		return d.fail(err)
	}
	if err := d.eventRecord.call(at.event, s.handle).check("ending a batch of commands"); err != nil {
		return d.fail(err)
	}
	at.sequence, s.open = s.sequence, nil
	return nil
}

// place returns the index of a slot.
func (s *stream) place(at *slot) int {
	for i := range s.slots {
		if at == &s.slots[i] {
			return i
		}
	}
	return 0
}

// await waits for the commands of a slot.
func (d *Device) await(at *slot) error {
	if at.sequence == 0 || d.lost != nil {
		return d.lost
	}
	if err := d.awaitEvent(at).check("waiting for commands"); err != nil {
		return d.fail(fmt.Errorf("%w after at most %v", err, d.timeout.Round(time.Millisecond)))
	}
	marks := unsafe.Slice((*uint32)(d.stream.seen.at), slotCount)
	if mark := atomic.LoadUint32(&marks[d.stream.place(at)]); mark != at.sequence {
		return d.fail(fmt.Errorf("%w: expected the mark %d of the last command, found %d", ErrLost, at.sequence, mark))
	}
	at.sequence = 0
	return nil
}

const (
	// mostWait is what a single step counts at most: the clock goes on while this process is suspended.
	mostWait = time.Second
	// busyTime is the time for which waiting takes a core, since most batches are short.
	busyTime = 2 * time.Millisecond
	pause    = 100 * time.Microsecond
)

// awaitEvent asks for the end of a batch again and again, because the driver's own waiting has no end.
func (d *Device) awaitEvent(at *slot) result {
	began := time.Now()
	last := began
	for left := d.timeout; ; {
		r := d.eventQuery.call(at.event)
		if r != notReady || left <= 0 {
			return r
		}
		if last.Sub(began) < busyTime {
			runtime.Gosched()
		} else {
			time.Sleep(pause)
		}
		now := time.Now()
		left -= min(now.Sub(last), mostWait)
		last = now
	}
}

// finish waits for everything that was asked for.
func (d *Device) finish() error {
	if err := d.flush(); err != nil {
		return err
	}
	for i := range d.stream.slots {
		if err := d.await(&d.stream.slots[(d.stream.next+i)%slotCount]); err != nil {
			return err
		}
	}
	d.staging.used = 0
	d.memory.collect(d)
	return nil
}
