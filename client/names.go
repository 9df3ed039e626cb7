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

	"github.com/thetaedge/theta/executor/filename"
	"github.com/thetaedge/theta/executor/manifest"
)

const (
	// NamesFile is a JSON file that lists the outputs that were saved under another name:
	// the path that the program wrote, and the path in the folder.
	NamesFile = ".theta-names.json"
	// maxNameBytes is the longest name that common file systems take.
	maxNameBytes = 255
	// keptNameBytes is how many bytes are kept of a longer name.
	keptNameBytes = 200
)

// SavedNames returns where the outputs of a result are saved, by their path in the
// manifest, separated by slashes and relative to the result's folder. A program can write
// any name. Some names cannot be stored on every system, are reserved by this package, or
// differ from another name only in case or in the composition of a letter. Such an output
// is saved under a safe name, which is the same on every system, so that a paid result can
// be saved, moved and verified anywhere. Most names are kept unchanged.
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

// entry is a name in a folder; a manifest can have a file and a folder of the same name.
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

// name gives every child a safe name that no other child has, regardless of case. Names
// that are already safe come first and are kept.
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

// untaken adds a number to a name that is too similar to another one.
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

// safeName returns a name that every common file system accepts; it is the name itself if
// possible. top reports whether this is the folder in which this package saves its own
// files.
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
	// A suffix that distinguishes it from another name must fit as well.
	if len(safe) > maxNameBytes-8 {
		cut := keptNameBytes
		for !utf8.RuneStart(safe[cut]) {
			cut--
		}
		safe = fmt.Sprintf("%s~%x", safe[:cut], sha256.Sum256([]byte(name)))[:cut+1+16]
	}
	return safe
}

// Path returns the path of a result's file on this machine.
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

// writeNames lists the renamed outputs for people and scripts. This package does not read
// the list, because the names follow from the manifest.
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
