package wasi

import (
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/thetaedge/theta/executor/manifest"
)

const (
	// MaxPathBytes is the longest path that a program may pass.
	MaxPathBytes = 4096
	// MaxNameBytes is the longest name of one file.
	MaxNameBytes = 255
)

// node is a file or a directory. The host memory that it takes is bounded: its name is a copy
// of at most MaxNameBytes, and the tree bounds the number of nodes.
type node struct {
	ino      uint64
	name     string
	parent   *node // nil for a root and for a node that has been unlinked
	dir      bool
	readOnly bool
	null     bool // accepts all writes and stores nothing: /dev/null
	// children is in the order of inode numbers, so that a listing can continue from any place
	// without a copy of it. tree.names finds children by name.
	children []*node

	content content    // of an output
	input   *inputFile // of an input
	refs    int        // open descriptors
	linked  bool
	key     nameKey // in tree.keys, for nodes below /out
}

// inputFile is the host file behind an input, opened at the first read.
type inputFile struct {
	path   string
	size   uint64
	digest [32]byte
	file   *os.File
}

func (n *node) isDir() bool { return n.dir }

func (n *node) size() uint64 {
	switch {
	case n.input != nil:
		return n.input.size
	default:
		return n.content.size
	}
}

func (n *node) fileType() byte {
	switch {
	case n.isDir():
		return typeDirectory
	case n.null:
		return typeCharacterDevice
	default:
		return typeRegularFile
	}
}

// after returns the index in children of the first child whose inode number is above ino.
func (n *node) after(ino uint64) int {
	return sort.Search(len(n.children), func(i int) bool { return n.children[i].ino > ino })
}

// pathBytes returns the length of the path from /in, /out or /tmp, including slashes.
func (n *node) pathBytes() int {
	total := 0
	for at := n; at.parent != nil && at.parent.parent != nil; at = at.parent {
		total += len(at.name) + 1
	}
	return max(0, total-1)
}

// below reports whether n is dir or is below it.
func (n *node) below(dir *node) bool {
	for at := n; at != nil; at = at.parent {
		if at == dir {
			return true
		}
	}
	return false
}

// entry is a name in a directory.
type entry struct {
	dir  uint64
	name string
}

// tree is the whole file system with its account of used bytes and files.
type tree struct {
	root, in, out, tmp, dev *node
	// names contains every name of every directory. keys contains the nodes below /out, by the
	// keys that a file system that ignores case compares. Each is one table for the whole
	// tree, because a separate table for each directory would keep its largest size.
	names    map[entry]*node
	keys     map[nameKey]*node
	nextIno  uint64
	used     uint64 // bytes of live outputs and temporary files
	files    uint32 // live outputs and temporary files, including directories
	maxBytes uint64
	maxFiles uint32
}

func newTree(inputs []Input, maxBytes uint64, maxFiles uint32) (*tree, error) {
	t := &tree{maxBytes: maxBytes, maxFiles: maxFiles, names: map[entry]*node{}, keys: map[nameKey]*node{}}
	t.root, t.in, t.out, t.tmp, t.dev = t.newDir(), t.newDir(), t.newDir(), t.newDir(), t.newDir()
	t.root.readOnly, t.in.readOnly, t.dev.readOnly = true, true, true
	t.link(t.root, "in", t.in)
	t.link(t.root, "out", t.out)
	t.link(t.root, "tmp", t.tmp)
	t.link(t.root, "dev", t.dev)
	null := t.newFile()
	null.null = true
	t.link(t.dev, "null", null)
	// The inputs are sorted, so that inode numbers do not depend on the order of the list.
	inputs = append([]Input(nil), inputs...)
	sort.Slice(inputs, func(i, j int) bool { return inputs[i].Name < inputs[j].Name })
	for _, in := range inputs {
		if err := t.addInput(in); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *tree) newDir() *node {
	n := t.newFile()
	n.dir = true
	return n
}

func (t *tree) newFile() *node {
	t.nextIno++
	return &node{ino: t.nextIno, linked: true}
}

// find returns the node of a name in a directory, or nil.
func (t *tree) find(dir *node, name string) *node { return t.names[entry{dir.ino, name}] }

func (t *tree) addInput(in Input) error {
	if err := manifest.ValidatePath(in.Name); err != nil {
		return fmt.Errorf("input name: %w", err)
	}
	info, err := os.Stat(in.Path)
	if err != nil {
		return fmt.Errorf("input %q: %w", in.Name, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("input %q: expected a regular file at %s, found mode %s", in.Name, in.Path, info.Mode())
	}
	elements := strings.Split(in.Name, "/")
	dir := t.in
	for _, name := range elements[:len(elements)-1] {
		child := t.find(dir, name)
		if child == nil {
			child = t.newDir()
			child.readOnly = true
			t.link(dir, name, child)
		}
		if !child.isDir() {
			return fmt.Errorf("input %q: %q is a file already", in.Name, name)
		}
		dir = child
	}
	name := elements[len(elements)-1]
	if t.find(dir, name) != nil {
		return fmt.Errorf("input %q: the name is taken already", in.Name)
	}
	file := t.newFile()
	file.readOnly = true
	file.input = &inputFile{path: in.Path, size: uint64(info.Size()), digest: in.Digest}
	t.link(dir, name, file)
	return nil
}

// link gives child a name with its own memory, because the given name may be a part of a much
// longer path.
func (t *tree) link(dir *node, name string, child *node) {
	name = strings.Clone(name)
	child.name, child.parent, child.linked = name, dir, true
	dir.children = slices.Insert(dir.children, dir.after(child.ino), child)
	t.names[entry{dir.ino, name}] = child
	if dir.below(t.out) {
		t.addKey(child)
	}
}

// detach removes child from its directory.
func (t *tree) detach(child *node) {
	dir := child.parent
	if dir.below(t.out) {
		delete(t.keys, child.key)
	}
	at := dir.after(child.ino) - 1
	dir.children = slices.Delete(dir.children, at, at+1)
	if cap(dir.children) > 2*len(dir.children)+8 {
		dir.children = slices.Clone(dir.children)
	}
	delete(t.names, entry{dir.ino, child.name})
	child.parent, child.linked = nil, false
}

// unlink removes child from its directory permanently. Its content is released when no
// descriptor is open on it.
func (t *tree) unlink(child *node) {
	t.detach(child)
	t.release(child)
}

// move gives a node another name. The nodes below it stay where they are. They keep their keys
// unless the node moves into /out or out of it.
func (t *tree) move(n, dir *node, name string) {
	was, is := n.below(t.out), dir.below(t.out)
	t.detach(n)
	t.link(dir, name, n)
	switch {
	case was && !is:
		eachBelow(n, func(n *node) { delete(t.keys, n.key) })
	case is && !was:
		eachBelow(n, t.addKey)
	}
}

// release subtracts a node from the account if nothing refers to it any more.
func (t *tree) release(n *node) {
	if n.linked || n.refs > 0 || n.readOnly {
		return
	}
	t.used -= n.content.size
	t.files--
	n.content = content{}
}

// create adds an output below dir. It reports whether this was possible within the limit of
// files.
func (t *tree) create(dir *node, name string, child *node) bool {
	if t.files >= t.maxFiles {
		return false
	}
	t.files++
	t.link(dir, name, child)
	return true
}

// resize sets the length of an output, and fills new bytes with zeros. It reports whether this
// was possible within the limit of bytes.
func (t *tree) resize(n *node, size uint64) bool {
	old := n.content.size
	if size > old && size-old > t.maxBytes-t.used {
		return false
	}
	t.used = t.used - old + size
	n.content.resize(size)
	return true
}

// readAt fills dst from a file and returns how many bytes it has read.
func (n *node) readAt(dst []byte, offset uint64) (int, error) {
	if offset >= n.size() {
		return 0, nil
	}
	if n.input == nil {
		return n.content.readAt(dst, offset), nil
	}
	in := n.input
	if in.file == nil {
		file, err := os.Open(in.path)
		if err != nil {
			return 0, fmt.Errorf("open input: %w", err)
		}
		in.file = file
	}
	want := min(uint64(len(dst)), in.size-offset)
	got, err := in.file.ReadAt(dst[:want], int64(offset))
	if uint64(got) != want {
		return 0, fmt.Errorf("input %s changed while the task ran: expected %d bytes at %d, found %d: %w", in.path, want, offset, got, err)
	}
	return got, nil
}

// visitOutputs calls visit for every output file, in the byte order of paths.
func visitOutputs(dir *node, prefix string, visit func(path string, content Content) error) error {
	// The position of a directory is that of the paths below it: "a/" comes after "a-b".
	order := func(n *node) string {
		if n.isDir() {
			return n.name + "/"
		}
		return n.name
	}
	children := slices.SortedFunc(slices.Values(dir.children), func(a, b *node) int { return strings.Compare(order(a), order(b)) })
	for _, child := range children {
		var err error
		if child.isDir() {
			err = visitOutputs(child, prefix+child.name+"/", visit)
		} else {
			err = visit(prefix+child.name, Content{&child.content})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) close() {
	for _, n := range t.names {
		if n.input != nil && n.input.file != nil {
			// The file was opened for reading, so closing it cannot lose data.
			_ = n.input.file.Close()
			n.input.file = nil
		}
	}
}
