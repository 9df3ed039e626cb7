package wasi

import (
	"crypto/sha256"
	"unicode/utf8"

	"github.com/thetaedge/theta/executor/filename"
	"github.com/thetaedge/theta/executor/manifest"
)

// nameKey is a directory and the hash of what a file system that ignores case, or how
// letters are composed, compares of a name: of one size, however long that is.
type nameKey struct {
	dir uint64
	sum [sha256.Size]byte
}

func keyOf(dir *node, folded string) nameKey {
	return nameKey{dir.ino, sha256.Sum256([]byte(folded))}
}

// addKey enters a node below /out.
func (t *tree) addKey(n *node) {
	n.key = keyOf(n.parent, filename.Key(n.name))
	t.keys[n.key] = n
}

// foldingCost is the fuel for comparing a name with others as file systems do.
func foldingCost(name string) uint64 {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			return uint64(len(name)) * FuelPerFoldedByte
		}
	}
	return 0
}

// eachBelow visits all that is below a directory.
func eachBelow(dir *node, visit func(n *node)) {
	for _, child := range dir.children {
		visit(child)
		eachBelow(child, visit)
	}
}

// mayCreate says whether a new node may be made at the place, where nothing is.
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

// mayName says whether the place may have its name: one that a manifest can hold, and
// below /out one that every file system can, that no other one of the directory is
// taken for, and that is not in the place of a captured stream. old is about to leave.
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

// mayDeliver says whether all that is below a node may come below /out, where names are
// held to more.
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

// foldingBelow is the fuel for comparing all names below a directory.
func foldingBelow(n *node) (fuel uint64) {
	eachBelow(n, func(n *node) { fuel += foldingCost(n.name) })
	return fuel
}

// deepest returns how many bytes the longest path below n adds to n's own, and how many
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
