package wasi

// These constants describe the logical clock. They are part of the profile: a change requires
// a profile wasm/2.
const (
	// ClockEpoch is the initial value of the real-time clock, 2020-01-01T00:00:00Z, in
	// nanoseconds since 1970.
	ClockEpoch = 1_577_836_800_000_000_000
	// ClockStep is the number of nanoseconds by which each clock_time_get moves the clock.
	ClockStep = 1000

	clockRealtime = 0
	clockMax      = 3
)

func (h *Host) argsSizesGet(a args) Errno { return h.textSizes(h.args, a.u32(0), a.u32(1)) }

func (h *Host) argsGet(a args) Errno { return h.texts(h.args, a.u32(0), a.u32(1)) }

func (h *Host) environSizesGet(a args) Errno { return h.textSizes(h.env, a.u32(0), a.u32(1)) }

func (h *Host) environGet(a args) Errno { return h.texts(h.env, a.u32(0), a.u32(1)) }

// textSizes writes the number of texts and the number of bytes that they take, including a
// zero at the end of each.
func (h *Host) textSizes(list []string, count, size uint32) Errno {
	total := 0
	for _, text := range list {
		total += len(text) + 1
	}
	if errno := h.mem.putU32(count, uint32(len(list))); errno != ok {
		return errno
	}
	return h.mem.putU32(size, uint32(total))
}

// texts writes texts and a list of the addresses at which they begin.
func (h *Host) texts(list []string, pointers, at uint32) Errno {
	for _, text := range list {
		size := uint32(len(text)) + 1
		if !h.charge(uint64(size) * FuelPerByte) {
			return errInval
		}
		dst, found := h.mem.slice(at, size)
		if !found {
			return errFault
		}
		copy(dst, text)
		dst[size-1] = 0
		if errno := h.mem.putU32(pointers, at); errno != ok {
			return errno
		}
		// Neither number can wrap unnoticed: both are inside a memory of at most 4 GiB, and
		// the next access finds a number that has wrapped.
		pointers, at = pointers+4, at+size
	}
	return ok
}

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

// clock reads a clock in nanoseconds. All clocks except for the real-time clock start at zero.
func (h *Host) clock(id uint32) uint64 {
	if id == clockRealtime {
		return saturatingAdd(ClockEpoch, h.now)
	}
	return h.now
}

// advance moves the logical clock. The clock stops at a point at which the real time still
// fits into a signed 64-bit number.
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
