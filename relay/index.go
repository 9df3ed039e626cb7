package relay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/thetaedge/theta/blob"
)

// chargePath is the empty file that says which holder is charged for the content at path.
func chargePath(path string, by holder) string { return path + "." + by.encode() }

// index reads the folder; a file whose name is neither a digest nor a charge is left
// alone. Content without a charge is not charged to any holder.
func (v *vault) index() error {
	charges := map[key][]holder{}
	if err := v.walk(func(_ string, k key, rest string) error {
		if rest == "" {
			return nil
		}
		by, ok := parseHolder(rest)
		if ok {
			charges[k] = append(charges[k], by)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := v.walk(func(path string, k key, rest string) error {
		if rest != "" {
			return nil
		}
		err := v.indexFile(path, k, charges[k])
		delete(charges, k)
		return err
	}); err != nil {
		return err
	}
	// A relay that was killed between the two has the charge and not the content.
	var errs []error
	for k, left := range charges {
		for _, by := range left {
			errs = append(errs, os.Remove(chargePath(v.path(k), by)))
		}
	}
	return errors.Join(errs...)
}

// walk calls visit for each file of content, and for what its name has behind a digest.
func (v *vault) walk(visit func(path string, k key, rest string) error) error {
	root := os.DirFS(v.cfg.Root)
	for _, kind := range []struct {
		pattern string
		depth   int
	}{{blobFolder + "/??/*", 3}, {dropFolder + "/??/*/*", 4}} {
		paths, err := fs.Glob(root, kind.pattern)
		if err != nil {
			return err
		}
		for _, path := range paths {
			parts := strings.Split(path, "/")
			name, box := parts[1]+parts[2], ""
			if kind.depth == 4 {
				name, box = parts[3], name
				if _, err := blob.ParseDigest(box); err != nil {
					continue
				}
			}
			name, rest, _ := strings.Cut(name, ".")
			digest, err := blob.ParseDigest(name)
			if err != nil {
				continue
			}
			if err := visit(path, key{box, digest}, rest); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *vault) indexFile(path string, k key, charged []holder) error {
	stat, err := os.Stat(filepath.Join(v.cfg.Root, filepath.FromSlash(path)))
	if err != nil {
		return fmt.Errorf("cannot index %s: %w", path, err)
	}
	e := &entry{size: stat.Size(), expires: stat.ModTime().Add(v.ttl(k)), holders: map[holder]struct{}{}}
	if len(charged) == 0 {
		charged = []holder{{}}
	}
	for _, by := range charged {
		e.holders[by] = struct{}{}
		v.charge(k, by, 1, e.size)
	}
	v.entries[k] = e
	return nil
}
