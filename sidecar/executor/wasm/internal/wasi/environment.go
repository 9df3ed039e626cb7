package wasi

// The logical clock. Part of the profile: a change is wasm/2.
const (
	// ClockEpoch is the real-time clock's start, 2020-01-01T00:00:00Z, in
	// nanoseconds since 1970.
	ClockEpoch = 1_577_836_800_000_000_000
	// ClockStep is how far each clock_time_get moves the clock, in nanoseconds.
	ClockStep = 1000

	clockRealtime = 0
	clockMax      = 3
)

func (h *Host) argsSizesGet(a args) Errno {
	total := 0
	for _, arg := range h.args {
		total += len(arg) + 1
	}
	if errno := h.mem.putU32(a.u32(0), uint32(len(h.args))); errno != ok {
		return errno
	}
	return h.mem.putU32(a.u32(1), uint32(total))
}

func (h *Host) argsGet(a args) Errno {
	pointers, text := a.u32(0), a.u32(1)
	for _, arg := range h.args {
		size := uint32(len(arg)) + 1
		if !h.charge(uint64(size) * FuelPerByte) {
			return errInval
		}
		dst, found := h.mem.slice(text, size)
		if !found {
			return errFault
		}
		copy(dst, arg)
		dst[size-1] = 0
		if errno := h.mem.putU32(pointers, text); errno != ok {
			return errno
		}
		// Neither can wrap: both lie inside a memory of at most 4 GiB, and a
		// wrapped one is caught by the next access.
		pointers, text = pointers+4, text+size
	}
	return ok
}

func (h *Host) environSizesGet(a args) Errno {
	if errno := h.mem.putU32(a.u32(0), 0); errno != ok {
		return errno
	}
	return h.mem.putU32(a.u32(1), 0)
}

func (h *Host) environGet(args) Errno { return ok }

func (h *Host) clockResGet(a args) Errno {
	if a.u32(0) > clockMax {
		return errInval
	}
	return h.mem.putU64(a.u32(1), ClockStep)
}

func (h *Host) clockTimeGet(a args) Errno {
	id := a.u32(0)
	if id > clockMax {
		return errInval
	}
	h.advance(ClockStep)
	return h.mem.putU64(a.u32(2), h.clock(id))
}

// clock reads a clock in nanoseconds: all but the real-time clock start at zero.
func (h *Host) clock(id uint32) uint64 {
	if id == clockRealtime {
		return saturatingAdd(ClockEpoch, h.now)
	}
	return h.now
}

// advance moves the logical clock, which stops at a point that still fits into
// a signed 64-bit real time.
func (h *Host) advance(ns uint64) {
	h.now = min(saturatingAdd(h.now, ns), 1<<63-1-ClockEpoch)
}

func saturatingAdd(a, b uint64) uint64 {
	if a+b < a {
		return 1<<64 - 1
	}
	return a + b
}

func (h *Host) randomGet(a args) Errno {
	size := a.u32(1)
	if !h.charge(uint64(size) * FuelPerByte) {
		return errInval
	}
	dst, found := h.mem.slice(a.u32(0), size)
	if !found {
		return errFault
	}
	if _, err := h.random.Read(dst); err != nil {
		h.stop(HaltHost, err)
		return errInval
	}
	return ok
}

func (h *Host) procExit(a args) Errno {
	h.exitCode = a.u32(0)
	h.stop(HaltExit, nil)
	return ok
}

func (h *Host) schedYield(args) Errno { return ok }
