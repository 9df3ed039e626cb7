package wasi

import (
	"crypto/sha256"
	"unicode/utf8"

	"github.com/thetaedge/theta/executor/filename"
	"github.com/thetaedge/theta/executor/manifest"
)

// nameKey is a directory and the hash of a name's key, which file systems compare if they
// ignore case or the composition of letters. Its size does not depend on the length of the
// name.
type nameKey struct {
	dir uint64
	sum [sha256.Size]byte
}

func keyOf(dir *node, folded string) nameKey {
	return nameKey{dir.ino, sha256.Sum256([]byte(folded))}
}

// addKey adds a node below /out to the keys.
func (t *tree) addKey(n *node) {
	n.key = keyOf(n.parent, filename.Key(n.name))
	t.keys[n.key] = n
}

// foldingCost returns the fuel for comparing a name with others in the way in which file
// systems do.
func foldingCost(name string) uint64 {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			return uint64(len(name)) * FuelPerFoldedByte
		}
	}
	return 0
}

// eachBelow visits all nodes below a directory.
func eachBelow(dir *node, visit func(n *node)) {
	for _, child := range dir.children {
		visit(child)
		eachBelow(child, visit)
	}
}

// mayCreate returns an error number if no new node may be made at the place, which must be
// free.
func (h *Host) mayCreate(p place) Errno {
	switch {
	case p.dir.readOnly:
		return errRofs
	case !p.dir.linked:
		return errNoent
	case p.dir.pathBytes()+1+len(p.name) > manifest.MaxPathBytes:
		return errNametoo
	}
	return h.mayName(p, nil)
}

// mayName returns an error number if the node at the place may not have its name. A manifest
// must be able to hold the name. Below /out, every file system must be able to hold it, no
// file system may treat it as another name of the directory, and it may not be the name of a
// captured stream. The node old is about to leave, so its name does not count.
func (h *Host) mayName(p place, old *node) Errno {
	if manifest.ValidateName(p.name) != nil {
		return errIlseq
	}
	if !p.dir.below(h.tree.out) {
		return ok
	}
	if !h.charge(foldingCost(p.name)) {
		return errInval
	}
	folded, err := filename.Portable(p.name)
	if err != nil {
		return errIlseq
	}
	if p.dir == h.tree.out && (folded == "stdout" || folded == "stderr") {
		return errAcces
	}
	if other := h.tree.keys[keyOf(p.dir, folded)]; other != nil && other != old && other.name != p.name {
		return errExist
	}
	return ok
}

// mayDeliver returns an error number if the nodes below a node may not move below /out, where
// names have to meet more rules.
func mayDeliver(n *node) Errno {
	taken := make(map[string]struct{}, len(n.children))
	for _, child := range n.children {
		key, err := filename.Portable(child.name)
		if err != nil {
			return errIlseq
		}
		if _, twice := taken[key]; twice {
			return errExist
		}
		taken[key] = struct{}{}
		if errno := mayDeliver(child); errno != ok {
			return errno
		}
	}
	return ok
}

// foldingBelow returns the fuel for comparing all names below a directory.
func foldingBelow(n *node) (fuel uint64) {
	eachBelow(n, func(n *node) { fuel += foldingCost(n.name) })
	return fuel
}

// deepest returns how many bytes the longest path below n adds to n's own path, and how many
// nodes there are.
func deepest(n *node) (longest int, entries uint64) {
	entries = 1
	for _, child := range n.children {
		below, count := deepest(child)
		longest = max(longest, 1+len(child.name)+below)
		entries += count
	}
	return longest, entries
}
