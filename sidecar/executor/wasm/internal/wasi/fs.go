package wasi

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/thetaedge/theta/sidecar/executor/manifest"
)

const (
	// MaxPathBytes is the longest path that a program may pass.
	MaxPathBytes = 4096
	// MaxNameBytes is the longest name of one file.
	MaxNameBytes = 255
)

// node is a file or a directory.
type node struct {
	ino      uint64
	name     string
	parent   *node // nil for a root and for what has been unlinked
	children map[string]*node
	readOnly bool

	content []byte     // of an output
	input   *inputFile // of an input
	refs    int        // open descriptors
	linked  bool
}

// inputFile is the host file behind an input, opened at the first read.
type inputFile struct {
	path string
	size uint64
	file *os.File
}

func (n *node) isDir() bool { return n.children != nil }

func (n *node) size() uint64 {
	switch {
	case n.input != nil:
		return n.input.size
	default:
		return uint64(len(n.content))
	}
}

func (n *node) fileType() byte {
	if n.isDir() {
		return typeDirectory
	}
	return typeRegularFile
}

// names returns the children's names in byte order.
func (n *node) names() []string {
	names := make([]string, 0, len(n.children))
	for name := range n.children {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// pathBytes is the length of the path from the root, slashes included.
func (n *node) pathBytes() int {
	total := 0
	for at := n; at.parent != nil; at = at.parent {
		total += len(at.name) + 1
	}
	return max(0, total-1)
}

// tree is the whole file system with the account of what was written.
type tree struct {
	in, out  *node
	nextIno  uint64
	used     uint64 // bytes held by live outputs
	files    uint32 // live outputs, directories included
	maxBytes uint64
	maxFiles uint32
}

func newTree(inputs []Input, maxBytes uint64, maxFiles uint32) (*tree, error) {
	t := &tree{maxBytes: maxBytes, maxFiles: maxFiles}
	t.in, t.out = t.newDir(), t.newDir()
	t.in.readOnly = true
	// Sorted, so that inode numbers do not depend on the order of the list.
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
	t.nextIno++
	return &node{ino: t.nextIno, children: map[string]*node{}, linked: true}
}

func (t *tree) newFile() *node {
	t.nextIno++
	return &node{ino: t.nextIno, linked: true}
}

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
		child, exists := dir.children[name]
		if !exists {
			child = t.newDir()
			child.readOnly = true
			link(dir, name, child)
		}
		if !child.isDir() {
			return fmt.Errorf("input %q: %q is a file already", in.Name, name)
		}
		dir = child
	}
	name := elements[len(elements)-1]
	if _, exists := dir.children[name]; exists {
		return fmt.Errorf("input %q: the name is taken already", in.Name)
	}
	file := t.newFile()
	file.readOnly = true
	file.input = &inputFile{path: in.Path, size: uint64(info.Size())}
	link(dir, name, file)
	return nil
}

func link(dir *node, name string, child *node) {
	child.name, child.parent, child.linked = name, dir, true
	dir.children[name] = child
}

// unlink takes child out of its directory. What it held is given back once no
// descriptor is open on it.
func (t *tree) unlink(child *node) {
	delete(child.parent.children, child.name)
	child.parent, child.linked = nil, false
	t.release(child)
}

// release gives back the account of a node that nothing refers to any more.
func (t *tree) release(n *node) {
	if n.linked || n.refs > 0 || n.readOnly {
		return
	}
	t.used -= uint64(len(n.content))
	t.files--
	n.content = nil
}

// create adds an output below dir, or reports false if the limit of files is
// passed.
func (t *tree) create(dir *node, name string, child *node) bool {
	if t.files >= t.maxFiles {
		return false
	}
	t.files++
	link(dir, name, child)
	return true
}

// resize sets the length of an output, filling with zeros, or reports false if
// the limit of bytes is passed.
func (t *tree) resize(n *node, size uint64) bool {
	old := uint64(len(n.content))
	if size <= old {
		t.used -= old - size
		n.content = n.content[:size]
		// What is not counted must not be held: many emptied files would
		// otherwise keep far more memory than the limit.
		if uint64(cap(n.content)) > 2*size {
			n.content = append([]byte(nil), n.content...)
		}
		return true
	}
	if grow := size - old; grow > t.maxBytes-t.used {
		return false
	}
	t.used += size - old
	if size <= uint64(cap(n.content)) {
		n.content = n.content[:size]
		clear(n.content[old:])
		return true
	}
	n.content = append(n.content, make([]byte, size-old)...)
	return true
}

// readAt fills dst from a file and returns how much there was.
func (n *node) readAt(dst []byte, offset uint64) (int, error) {
	if offset >= n.size() {
		return 0, nil
	}
	if n.input == nil {
		return copy(dst, n.content[offset:]), nil
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
		return 0, fmt.Errorf("input %s changed while the task ran: wanted %d bytes at %d, got %d: %w", in.path, want, offset, got, err)
	}
	return got, nil
}

// visitOutputs calls visit for every output file, in the byte order of paths.
func (t *tree) visitOutputs(visit func(path string, content []byte) error) error {
	var paths []string
	files := map[string]*node{}
	var walk func(dir *node, prefix string)
	walk = func(dir *node, prefix string) {
		for name, child := range dir.children {
			if child.isDir() {
				walk(child, prefix+name+"/")
				continue
			}
			paths = append(paths, prefix+name)
			files[prefix+name] = child
		}
	}
	walk(t.out, "")
	sort.Strings(paths)
	for _, path := range paths {
		if err := visit(path, files[path].content); err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) close() {
	var walk func(*node)
	walk = func(n *node) {
		for _, child := range n.children {
			walk(child)
		}
		if n.input != nil && n.input.file != nil {
			// Opened for reading: nothing can be lost at closing.
			_ = n.input.file.Close()
			n.input.file = nil
		}
	}
	walk(t.in)
}
