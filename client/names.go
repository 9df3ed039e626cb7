package client

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/thetaedge/theta/sidecar/executor/filename"
	"github.com/thetaedge/theta/sidecar/executor/manifest"
)

const (
	// NamesFile lists, as a JSON object, the outputs that were saved under another
	// name: the path that the program wrote, and the path in the folder.
	NamesFile = ".theta-names.json"
	// maxNameBytes is the longest name that common file systems take.
	maxNameBytes = 255
	// keptNameBytes are kept of a name that is longer.
	keptNameBytes = 200
)

// SavedNames says where the outputs of a result are saved, by their path in the
// manifest, slash-separated and relative to the result's folder. A program may write
// any name. One that some system cannot hold, that this package needs for itself, or
// that differs from another one only in case or in how a letter is composed, is saved
// under a safe name, the same on every system, so that a result that was paid for can
// be saved, moved and verified anywhere. Most names are kept as they are.
func SavedNames(files []manifest.File) map[string]string {
	root := folder{}
	for _, file := range files {
		root.add(strings.Split(file.Path, "/"))
	}
	root.name(true)
	saved := make(map[string]string, len(files))
	for _, file := range files {
		saved[file.Path] = root.find(strings.Split(file.Path, "/"))
	}
	return saved
}

// folder is a directory of outputs.
type folder struct{ children map[entry]*child }

// entry is a name in a folder; a manifest may have a file and a folder of one name.
type entry struct {
	name     string
	isFolder bool
}

// child is a file, or a folder if it has one.
type child struct {
	entry
	saved string
	below folder
}

func (f *folder) add(path []string) {
	key := entry{path[0], len(path) > 1}
	c := f.children[key]
	if c == nil {
		if f.children == nil {
			f.children = map[entry]*child{}
		}
		c = &child{entry: key}
		f.children[key] = c
	}
	if key.isFolder {
		c.below.add(path[1:])
	}
}

func (f *folder) find(path []string) string {
	c := f.children[entry{path[0], len(path) > 1}]
	if !c.isFolder {
		return c.saved
	}
	return c.saved + "/" + c.below.find(path[1:])
}

// name gives every child a safe name that no other child has, whatever the case.
// Names that are safe as they are come first and keep theirs.
func (f *folder) name(top bool) {
	children := slices.Collect(maps.Values(f.children))
	for _, c := range children {
		c.saved = safeName(c.name, top)
	}
	slices.SortFunc(children, func(a, b *child) int {
		return cmp.Or(
			compareBool(a.saved != a.name, b.saved != b.name),
			strings.Compare(a.name, b.name),
			compareBool(a.isFolder, b.isFolder),
		)
	})
	taken := make(map[string]bool, len(children))
	for _, c := range children {
		c.saved = untaken(c.saved, taken)
		taken[filename.Key(c.saved)] = true
		c.below.name(false)
	}
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// untaken numbers a name that another one is too much like.
func untaken(name string, taken map[string]bool) string {
	extension := filepath.Ext(name)
	if extension == name {
		extension = ""
	}
	numbered := name
	for n := 2; taken[filename.Key(numbered)]; n++ {
		numbered = fmt.Sprintf("%s~%d%s", strings.TrimSuffix(name, extension), n, extension)
	}
	return numbered
}

// safeName returns a name that every common file system takes, and that is the name
// itself where it can be. top is the folder in which this package keeps its own files.
func safeName(name string, top bool) string {
	var b strings.Builder
	for i, r := range name {
		last := i+utf8.RuneLen(r) == len(name)
		switch {
		case filename.Forbidden(r), last && (r == '.' || r == ' '):
			fmt.Fprintf(&b, "%%%02X", r)
		default:
			b.WriteRune(r)
		}
	}
	safe := b.String()
	if filename.Device(safe) || (top && strings.HasPrefix(filename.Key(safe), reservedPrefix)) {
		safe = fmt.Sprintf("%%%02X", safe[0]) + safe[1:]
	}
	// A suffix that makes it differ from another name has to fit as well.
	if len(safe) > maxNameBytes-8 {
		cut := keptNameBytes
		for !utf8.RuneStart(safe[cut]) {
			cut--
		}
		safe = fmt.Sprintf("%s~%x", safe[:cut], sha256.Sum256([]byte(name)))[:cut+1+16]
	}
	return safe
}

// Path is where a file of the result lies on this machine.
func (r *Result) Path(file manifest.File) string {
	return filepath.Join(r.Dir, filepath.FromSlash(r.saved[file.Path]))
}

// Renamed lists the outputs that were saved under another name, by their path in the
// manifest.
func (r *Result) Renamed() map[string]string {
	renamed := map[string]string{}
	for path, saved := range r.saved {
		if path != saved {
			renamed[path] = saved
		}
	}
	return renamed
}

// writeNames keeps the renamed outputs for people and scripts; the names follow from
// the manifest, so that nothing here reads them.
func (r *Result) writeNames() error {
	path := filepath.Join(r.Dir, NamesFile)
	renamed := r.Renamed()
	if len(renamed) == 0 {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
			return err
		}
		return nil
	}
	raw, err := json.MarshalIndent(renamed, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(path, append(raw, '\n'), 0o644)
}
