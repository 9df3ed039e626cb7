package wasi

import (
	"strings"

	"github.com/thetaedge/theta/sidecar/executor/manifest"
)

// place is where a path leads: a directory and a name in it. The name is empty
// when the path is the starting directory itself.
type place struct {
	dir   *node
	name  string
	slash bool // the path ends with a slash, so only a directory will do
}

// target returns the node at the place, or nil.
func (p place) target() *node {
	if p.name == "" {
		return p.dir
	}
	return p.dir.children[p.name]
}

// resolve walks a path from a directory descriptor. There are no links, so ".."
// is the parent; it does not lead out of the preopened directory.
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
	elements := strings.Split(path, "/")
	if !h.charge(uint64(len(elements)) * FuelPerEntry) {
		return place{}, errInval
	}
	return walk(d.node, elements)
}

func walk(start *node, elements []string) (place, Errno) {
	at := place{dir: start, slash: elements[len(elements)-1] == ""}
	for _, name := range elements {
		if len(name) > MaxNameBytes {
			return place{}, errNametoo
		}
		if name == "" {
			continue
		}
		// Every element but the last has to be a directory that exists.
		here := at.target()
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
	if t := at.target(); at.slash && t != nil && !t.isDir() {
		return place{}, errNotdir
	}
	return at, ok
}

// mayCreate says whether a new node may be made at the place: below /out, under
// a name that a manifest can hold, and not in the place of a captured stream.
func (h *Host) mayCreate(p place) Errno {
	switch {
	case p.dir.readOnly:
		return errRofs
	case !p.dir.linked:
		return errNoent
	case p.dir == h.tree.out && (p.name == "stdout" || p.name == "stderr"):
		return errAcces
	case manifest.ValidateName(p.name) != nil:
		return errIlseq
	case p.dir.pathBytes()+1+len(p.name) > manifest.MaxPathBytes:
		return errNametoo
	}
	return ok
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
		node:     p.target(),
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

// openExisting applies the flags of path_open to a node that is there.
func (h *Host) openExisting(d *descriptor, flags uint32) Errno {
	n := d.node
	switch {
	case flags&oCreate != 0 && flags&oExclusive != 0:
		return errExist
	case flags&oDirectory != 0 && !n.isDir():
		return errNotdir
	case n.isDir() && flags&oTruncate != 0:
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
	n := p.target()
	if n == nil {
		return errNoent
	}
	return h.putFilestat(a.u32(4), n.ino, n.fileType(), n.size())
}

func (h *Host) pathFilestatSetTimes(a args) Errno {
	p, errno := h.resolve(a.u32(0), a.u32(2), a.u32(3))
	if errno != ok {
		return errno
	}
	n := p.target()
	switch {
	case n == nil:
		return errNoent
	case n.readOnly:
		return errRofs
	}
	return ok
}

func (h *Host) pathCreateDirectory(a args) Errno {
	p, errno := h.resolve(a.u32(0), a.u32(1), a.u32(2))
	if errno != ok {
		return errno
	}
	if p.target() != nil {
		return errExist
	}
	return h.create(p, h.tree.newDir())
}

// removable returns the node at a place if it may be taken out of its directory.
func removable(p place) (*node, Errno) {
	n := p.target()
	switch {
	case n == nil:
		return nil, errNoent
	case n.readOnly:
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
	n, errno := removable(p)
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
	n, errno := removable(p)
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
	n, errno := removable(from)
	if errno != ok {
		return errno
	}
	if to.name == "" {
		return errInval
	}
	if errno := h.mayRename(n, to); errno != ok {
		return errno
	}
	old := to.target()
	if old == n {
		return ok
	}
	if old != nil {
		h.tree.unlink(old)
	}
	delete(n.parent.children, n.name)
	link(to.dir, to.name, n)
	return ok
}

// mayRename says whether n may take the place, and what is there now.
func (h *Host) mayRename(n *node, to place) Errno {
	if errno := h.mayCreate(to); errno != ok {
		return errno
	}
	old := to.target()
	switch {
	case to.slash && !n.isDir():
		return errNotdir
	case old == nil:
	case n.isDir() && !old.isDir():
		return errNotdir
	case !n.isDir() && old.isDir():
		return errIsdir
	case old != n && len(old.children) > 0:
		return errNotempty
	}
	for at := to.dir; at != nil; at = at.parent {
		if at == n {
			return errInval
		}
	}
	longest, entries := longestPath(n)
	if !h.charge(entries * FuelPerEntry) {
		return errInval
	}
	if to.dir.pathBytes()+1+len(to.name)+longest > manifest.MaxPathBytes {
		return errNametoo
	}
	return ok
}

// longestPath returns how many bytes the deepest path below n adds to n's own,
// and how many nodes there are.
func longestPath(n *node) (longest int, entries uint64) {
	entries = 1
	for name, child := range n.children {
		below, count := longestPath(child)
		longest = max(longest, 1+len(name)+below)
		entries += count
	}
	return longest, entries
}
