package wasi

import (
	"strings"

	"github.com/thetaedge/theta/executor/manifest"
)

// place is the target of a path: a directory and a name in it. The name is empty if the path
// is the starting directory itself.
type place struct {
	dir   *node
	name  string
	slash bool // the path ends with a slash, so it must lead to a directory
}

// target returns the node at the place, or nil.
func (t *tree) target(p place) *node {
	if p.name == "" {
		return p.dir
	}
	return t.find(p.dir, p.name)
}

// resolve follows a path from a directory descriptor. There are no links, so ".." is the
// parent. It does not lead above the root.
func (h *Host) resolve(fd, ptr, size uint32) (place, Errno) {
	d, errno := h.descriptor(fd)
	if errno != ok {
		return place{}, errno
	}
	if d.stream != nil || !d.node.isDir() {
		return place{}, errNotdir
	}
	if size > MaxPathBytes {
		return place{}, errNametoo
	}
	raw, found := h.mem.slice(ptr, size)
	if !found {
		return place{}, errFault
	}
	path := string(raw)
	if path == "" {
		return place{}, errNoent
	}
	if path[0] == '/' {
		return place{}, errPerm
	}
	if strings.IndexByte(path, 0) >= 0 {
		return place{}, errInval
	}
	elements := strings.Split(path, "/")
	if !h.charge(uint64(len(elements)) * FuelPerEntry) {
		return place{}, errInval
	}
	return h.tree.walk(d.node, elements)
}

func (t *tree) walk(start *node, elements []string) (place, Errno) {
	at := place{dir: start, slash: elements[len(elements)-1] == ""}
	for _, name := range elements {
		if len(name) > MaxNameBytes {
			return place{}, errNametoo
		}
		if name == "" {
			continue
		}
		// Every element except for the last must be an existing directory.
		here := t.target(at)
		if here == nil {
			return place{}, errNoent
		}
		if !here.isDir() {
			return place{}, errNotdir
		}
		switch name {
		case ".":
			at.dir, at.name = here, ""
		case "..":
			if here.parent == nil {
				return place{}, errPerm
			}
			at.dir, at.name = here.parent, ""
		default:
			at.dir, at.name = here, name
		}
	}
	if n := t.target(at); at.slash && n != nil && !n.isDir() {
		return place{}, errNotdir
	}
	return at, ok
}

func (h *Host) create(p place, child *node) Errno {
	if errno := h.mayCreate(p); errno != ok {
		return errno
	}
	if !h.tree.create(p.dir, p.name, child) {
		h.stop(HaltOutput, nil)
		return errInval
	}
	return ok
}

func (h *Host) pathOpen(a args) Errno {
	p, errno := h.resolve(a.u32(0), a.u32(2), a.u32(3))
	if errno != ok {
		return errno
	}
	flags, rights, fdFlags := a.u32(4), a[5], a.u32(7)
	if flags&^oAll != 0 || fdFlags&^fdAll != 0 || flags&oCreate != 0 && flags&oDirectory != 0 {
		return errInval
	}
	d := &descriptor{
		node:     h.tree.target(p),
		flags:    fdFlags,
		readable: rights&rightRead != 0,
		writable: rights&rightWrite != 0,
	}
	if d.node == nil {
		if flags&oCreate == 0 {
			return errNoent
		}
		if p.slash {
			return errIsdir
		}
		d.node = h.tree.newFile()
		if errno := h.create(p, d.node); errno != ok {
			return errno
		}
	} else if errno := h.openExisting(d, flags); errno != ok {
		return errno
	}
	if d.node.isDir() {
		d.readable, d.writable = false, false
	}
	fd, errno := h.open(d)
	if errno != ok {
		return errno
	}
	if errno := h.mem.putU32(a.u32(8), fd); errno != ok {
		h.drop(fd)
		return errno
	}
	return ok
}

// openExisting applies the flags of path_open to an existing node.
func (h *Host) openExisting(d *descriptor, flags uint32) Errno {
	n := d.node
	switch {
	case flags&oCreate != 0 && flags&oExclusive != 0:
		return errExist
	case flags&oDirectory != 0 && !n.isDir():
		return errNotdir
	case n.isDir() && (flags&(oTruncate|oCreate) != 0 || d.writable):
		return errIsdir
	case n.isDir():
		return ok
	case n.readOnly && (d.writable || flags&oTruncate != 0):
		return errRofs
	case flags&oTruncate != 0:
		return h.resize(n, 0)
	}
	return ok
}

func (h *Host) pathFilestatGet(a args) Errno {
	p, errno := h.resolve(a.u32(0), a.u32(2), a.u32(3))
	if errno != ok {
		return errno
	}
	n := h.tree.target(p)
	if n == nil {
		return errNoent
	}
	return h.putFilestat(a.u32(4), n.ino, n.fileType(), n.size())
}

// pathReadlink says of every node that it is not a link. A C library that resolves a real path
// asks this for each element, and continues only after this answer.
func (h *Host) pathReadlink(a args) Errno {
	p, errno := h.resolve(a.u32(0), a.u32(1), a.u32(2))
	if errno != ok {
		return errno
	}
	if h.tree.target(p) == nil {
		return errNoent
	}
	return errInval
}

func (h *Host) pathFilestatSetTimes(a args) Errno {
	p, errno := h.resolve(a.u32(0), a.u32(2), a.u32(3))
	if errno != ok {
		return errno
	}
	n := h.tree.target(p)
	if n == nil {
		return errNoent
	}
	if errno := checkTimes(a.u32(6)); errno != ok {
		return errno
	}
	if n.readOnly {
		return errRofs
	}
	return ok
}

func (h *Host) pathCreateDirectory(a args) Errno {
	p, errno := h.resolve(a.u32(0), a.u32(1), a.u32(2))
	if errno != ok {
		return errno
	}
	if h.tree.target(p) != nil {
		return errExist
	}
	return h.create(p, h.tree.newDir())
}

// removable returns the node at a place if it may be removed from its directory.
func (h *Host) removable(p place) (*node, Errno) {
	n := h.tree.target(p)
	switch {
	case n == nil:
		return nil, errNoent
	case n.readOnly || p.name != "" && p.dir.readOnly:
		return nil, errRofs
	case p.name == "":
		return nil, errInval
	}
	return n, ok
}

func (h *Host) pathUnlinkFile(a args) Errno {
	p, errno := h.resolve(a.u32(0), a.u32(1), a.u32(2))
	if errno != ok {
		return errno
	}
	n, errno := h.removable(p)
	if errno != ok {
		return errno
	}
	if n.isDir() {
		return errIsdir
	}
	h.tree.unlink(n)
	return ok
}

func (h *Host) pathRemoveDirectory(a args) Errno {
	p, errno := h.resolve(a.u32(0), a.u32(1), a.u32(2))
	if errno != ok {
		return errno
	}
	n, errno := h.removable(p)
	switch {
	case errno != ok:
		return errno
	case !n.isDir():
		return errNotdir
	case len(n.children) > 0:
		return errNotempty
	}
	h.tree.unlink(n)
	return ok
}

func (h *Host) pathRename(a args) Errno {
	from, errno := h.resolve(a.u32(0), a.u32(1), a.u32(2))
	if errno != ok {
		return errno
	}
	to, errno := h.resolve(a.u32(3), a.u32(4), a.u32(5))
	if errno != ok {
		return errno
	}
	n, errno := h.removable(from)
	if errno != ok {
		return errno
	}
	if to.name == "" {
		return errInval
	}
	if errno := h.mayRename(n, to); errno != ok {
		return errno
	}
	old := h.tree.target(to)
	if old == n {
		return ok
	}
	if old != nil {
		h.tree.unlink(old)
	}
	h.tree.move(n, to.dir, to.name)
	return ok
}

// mayRename returns an error number if n may not move to the place and replace the node that
// is there now.
func (h *Host) mayRename(n *node, to place) Errno {
	old := h.tree.target(to)
	switch {
	case to.dir.readOnly:
		return errRofs
	case !to.dir.linked:
		return errNoent
	case to.slash && !n.isDir():
		return errNotdir
	case old == n:
		return ok
	case to.dir.below(n):
		return errInval
	case old == nil:
	case n.isDir() && !old.isDir():
		return errNotdir
	case !n.isDir() && old.isDir():
		return errIsdir
	case len(old.children) > 0:
		return errNotempty
	}
	longest, entries := deepest(n)
	cost := uint64(FuelPerEntry)
	if n.below(h.tree.out) != to.dir.below(h.tree.out) {
		cost = FuelPerName
	}
	if !h.charge(entries * cost) {
		return errInval
	}
	if to.dir.pathBytes()+1+len(to.name)+longest > manifest.MaxPathBytes {
		return errNametoo
	}
	// The new name may differ from the old one only in case.
	if errno := h.mayName(to, n); errno != ok {
		return errno
	}
	if to.dir.below(h.tree.out) && !n.below(h.tree.out) {
		if !h.charge(foldingBelow(n)) {
			return errInval
		}
		return mayDeliver(n)
	}
	return ok
}
