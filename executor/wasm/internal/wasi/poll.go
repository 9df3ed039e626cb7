package wasi

import "encoding/binary"

const (
	subscriptionBytes = 48
	eventBytes        = 32
	maxSubscriptions  = 4096

	eventClock   = 0
	eventFdRead  = 1
	eventFdWrite = 2

	subclockAbsolute = 1
)

// subscription is one decoded entry of poll_oneoff's input.
type subscription struct {
	userdata uint64
	kind     byte
	due      uint64 // of a clock, in logical nanoseconds since the start
	errno    Errno
}

// waits reports whether the subscription is for a clock whose deadline may still be in the
// future.
func (s subscription) waits() bool { return s.kind == eventClock && s.errno == ok }

// pollOneoff never waits. Descriptors are always ready; if there is none, the logical clock
// jumps to the earliest deadline.
func (h *Host) pollOneoff(a args) Errno {
	in, out, count := a.u32(0), a.u32(1), a.u32(2)
	if count == 0 || count > maxSubscriptions {
		return errInval
	}
	if !h.charge(uint64(count) * FuelPerEntry) {
		return errInval
	}
	raw, found := h.mem.slice(in, count*subscriptionBytes)
	if !found {
		return errFault
	}
	dst, found := h.mem.slice(out, count*eventBytes)
	if !found {
		return errFault
	}
	// All subscriptions are decoded before anything is written, because input and output may
	// overlap.
	subs := make([]subscription, count)
	ready := false
	earliest := uint64(1<<64 - 1)
	for i := range subs {
		subs[i] = h.subscription(raw[i*subscriptionBytes:])
		if subs[i].waits() {
			earliest = min(earliest, subs[i].due)
		} else {
			ready = true
		}
	}
	until := h.now
	if !ready && earliest > h.now {
		// If a deadline is centuries away, the clock stops before it. The deadline is reported
		// nevertheless, because the program waits for it.
		h.advance(earliest - h.now)
		until = earliest
	}
	return h.mem.putU32(a.u32(3), writeEvents(dst, subs, until))
}

func (h *Host) subscription(raw []byte) subscription {
	s := subscription{userdata: binary.LittleEndian.Uint64(raw), kind: raw[8]}
	switch s.kind {
	case eventClock:
		id := binary.LittleEndian.Uint32(raw[16:])
		if id > clockMax {
			s.errno = errInval
			return s
		}
		timeout := binary.LittleEndian.Uint64(raw[24:])
		if binary.LittleEndian.Uint16(raw[40:])&subclockAbsolute == 0 {
			s.due = saturatingAdd(h.now, timeout)
		} else if start := h.clock(id) - h.now; timeout > start {
			s.due = timeout - start
		}
	case eventFdRead, eventFdWrite:
		if _, errno := h.descriptor(binary.LittleEndian.Uint32(raw[16:])); errno != ok {
			s.errno = errno
		}
	default:
		s.errno = errInval
	}
	return s
}

// writeEvents writes the events that are ready and returns their number. dst has room for one
// event per subscription.
func writeEvents(dst []byte, subs []subscription, until uint64) uint32 {
	n := 0
	for _, s := range subs {
		if s.waits() && s.due > until {
			continue
		}
		e := dst[n*eventBytes : (n+1)*eventBytes]
		clear(e)
		binary.LittleEndian.PutUint64(e, s.userdata)
		binary.LittleEndian.PutUint16(e[8:], uint16(s.errno))
		e[10] = s.kind
		if s.kind != eventClock && s.errno == ok {
			binary.LittleEndian.PutUint64(e[16:], 1)
		}
		n++
	}
	return uint32(n)
}
