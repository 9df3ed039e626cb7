package wasi

import "encoding/binary"

const direntBytes = 24

// fdReaddir lists a directory. "." and ".." come first, and then the nodes in the order in
// which they were made. A cookie is 1 for "..", 2 for the first node, and otherwise two more
// than the inode number of the entry before it. A listing therefore continues where it was,
// whatever nodes have been made and removed meanwhile, and the host does not have to store
// anything for it.
func (h *Host) fdReaddir(a args) Errno {
	d, errno := h.descriptor(a.u32(0))
	if errno != ok {
		return errno
	}
	if d.stream != nil || !d.node.isDir() {
		return errNotdir
	}
	dst, found := h.mem.slice(a.u32(1), a.u32(2))
	if !found {
		return errFault
	}
	used := 0
	put := func(name string, n *node, next uint64) bool {
		if used == len(dst) {
			return false
		}
		if !h.charge(FuelPerEntry + uint64(direntBytes+len(name))*FuelPerByte) {
			return false
		}
		var head [direntBytes]byte
		binary.LittleEndian.PutUint64(head[:], next)
		binary.LittleEndian.PutUint64(head[8:], n.ino)
		binary.LittleEndian.PutUint32(head[16:], uint32(len(name)))
		head[20] = n.fileType()
		used += copy(dst[used:], head[:])
		used += copy(dst[used:], name)
		return true
	}
	cookie, above := a[3], d.node
	if above.parent != nil {
		above = above.parent
	}
	switch {
	case cookie == 0 && !put(".", d.node, 1), cookie <= 1 && !put("..", above, 2):
	default:
		for _, child := range d.node.children[d.node.after(max(cookie, 2)-2):] {
			if !put(child.name, child, child.ino+2) {
				break
			}
		}
	}
	if h.halt != HaltNone {
		return errInval
	}
	return h.mem.putU32(a.u32(4), uint32(used))
}
