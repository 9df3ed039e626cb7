package wasi

import "encoding/binary"

// adviceMax is the highest number of a kind of advice.
const adviceMax = 5

func (h *Host) fdClose(a args) Errno {
	if _, errno := h.descriptor(a.u32(0)); errno != ok {
		return errno
	}
	h.drop(a.u32(0))
	return ok
}

func (h *Host) fdRenumber(a args) Errno {
	from, to := a.u32(0), a.u32(1)
	d, errno := h.descriptor(from)
	if errno != ok {
		return errno
	}
	if _, errno := h.descriptor(to); errno != ok {
		return errno
	}
	if from == to {
		return ok
	}
	h.drop(to)
	h.fds[to], h.fds[from] = d, nil
	return ok
}

// fdDatasync accepts descriptors that can be written. A directory can only be synced as a
// whole, by fdSync.
func (h *Host) fdDatasync(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if base, _ := d.rights(); base&rightDatasync == 0 {
		return errBadf
	}
	return ok
}

func (h *Host) fdSync(a args) Errno {
	_, errno := h.descriptor(a.u32(0))
	return errno
}

func (h *Host) fdAdvise(a args) Errno {
	_, errno := h.file(a.u32(0))
	if errno == ok && a.u32(3) > adviceMax {
		return errInval
	}
	return errno
}

func (h *Host) fdFdstatGet(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	dst, found := h.mem.slice(a.u32(1), 24)
	if !found {
		return errFault
	}
	clear(dst)
	dst[0] = d.fileType()
	binary.LittleEndian.PutUint16(dst[2:], uint16(d.flags))
	base, inheriting := d.rights()
	binary.LittleEndian.PutUint64(dst[8:], base)
	binary.LittleEndian.PutUint64(dst[16:], inheriting)
	return ok
}

func (h *Host) fdFdstatSetFlags(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if a.u32(1)&^fdAll != 0 {
		return errInval
	}
	d.flags = a.u32(1)
	return ok
}

func (h *Host) fdFilestatGet(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if d.stream != nil {
		return h.putFilestat(a.u32(1), 0, typeCharacterDevice, 0)
	}
	return h.putFilestat(a.u32(1), d.node.ino, d.node.fileType(), d.node.size())
}

// putFilestat writes a filestat whose times are all zero.
func (h *Host) putFilestat(ptr uint32, ino uint64, fileType byte, size uint64) Errno {
	dst, found := h.mem.slice(ptr, 64)
	if !found {
		return errFault
	}
	clear(dst)
	binary.LittleEndian.PutUint64(dst, 1)
	binary.LittleEndian.PutUint64(dst[8:], ino)
	dst[16] = fileType
	binary.LittleEndian.PutUint64(dst[24:], 1)
	binary.LittleEndian.PutUint64(dst[32:], size)
	return ok
}

func (h *Host) fdFilestatSetSize(a args) Errno {
	d, errno := h.outputFile(a.u32(0))
	if errno != ok {
		return errno
	}
	if a[1] > 1<<63-1 || d.node.null {
		return errInval
	}
	return h.resize(d.node, a[1])
}

func (h *Host) fdAllocate(a args) Errno {
	d, errno := h.outputFile(a.u32(0))
	if errno != ok {
		return errno
	}
	if a[1] > 1<<62 || a[2] > 1<<62 || a[2] == 0 || d.node.null {
		return errInval
	}
	return h.resize(d.node, max(d.node.size(), a[1]+a[2]))
}

// resize charges for growth, and halts the program if it exceeds the limit of outputs.
func (h *Host) resize(n *node, size uint64) Errno {
	if size > n.size() {
		grow := size - n.size()
		if grow > h.tree.maxBytes-h.tree.used {
			h.stop(HaltOutput, nil)
			return errInval
		}
		if !h.charge(grow * FuelPerByte) {
			return errInval
		}
	}
	if !h.tree.resize(n, size) {
		h.stop(HaltOutput, nil)
		return errInval
	}
	return ok
}

func (h *Host) fdFilestatSetTimes(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if errno := checkTimes(a.u32(3)); errno != ok {
		return errno
	}
	if d.node != nil && d.node.readOnly {
		return errRofs
	}
	return ok
}

// checkTimes refuses flags that both give a time and ask for the current time. All times stay
// zero, whatever is set.
func checkTimes(flags uint32) Errno {
	const access, modify = timeAccess | timeAccessNow, timeModify | timeModifyNow
	if flags&^timeAll != 0 || flags&access == access || flags&modify == modify {
		return errInval
	}
	return ok
}

func (h *Host) fdPrestatGet(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if d.preopen == "" {
		return errBadf
	}
	if errno := h.mem.putU32(a.u32(1), 0); errno != ok {
		return errno
	}
	dst, found := h.mem.slice(a.u32(1), 8)
	if !found {
		return errFault
	}
	binary.LittleEndian.PutUint32(dst[4:], uint32(len(d.preopen)))
	return ok
}

func (h *Host) fdPrestatDirName(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if d.preopen == "" {
		return errBadf
	}
	if uint64(a.u32(2)) < uint64(len(d.preopen)) {
		return errNametoo
	}
	dst, found := h.mem.slice(a.u32(1), uint32(len(d.preopen)))
	if !found {
		return errFault
	}
	copy(dst, d.preopen)
	return ok
}

func (h *Host) fdTell(a args) Errno {
	d, errno := h.file(a.u32(0))
	if errno != ok {
		return errno
	}
	return h.mem.putU64(a.u32(1), d.offset)
}

func (h *Host) fdSeek(a args) Errno {
	d, errno := h.file(a.u32(0))
	if errno != ok {
		return errno
	}
	var base uint64
	switch a.u32(2) {
	case whenceSet:
	case whenceCurrent:
		base = d.offset
	case whenceEnd:
		base = d.node.size()
	default:
		return errInval
	}
	// Both numbers are below 2^63. The sign of their sum therefore distinguishes a target
	// before the start from one that is too large for an offset.
	delta := int64(a[1])
	target := int64(base) + delta
	if delta > 0 && target < 0 {
		return errOverflow
	}
	if target < 0 {
		return errInval
	}
	d.moveTo(uint64(target))
	return h.mem.putU64(a.u32(3), d.offset)
}
