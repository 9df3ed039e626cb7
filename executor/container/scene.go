package container

import (
	"archive/tar"
	"path"
	"strings"
)

const (
	// maxName is the highest number of bytes of one element of a path in an image. Linux has no longer ones.
	maxName = 255
	// maxPath is the highest number of bytes of a path or of the target of a link, as for Linux.
	maxPath = 4096
	// maxLinkBytes bounds the memory that the links of a layer take while it is read.
	maxLinkBytes = 64 << 20
	// maxHops bounds the links that are followed to find out where an entry lies.
	maxHops = 40
	// whiteout begins the name of an entry that removes what a lower layer has.
	whiteout = ".wh."
)

// scene is what an image must leave free: the places at which folders are mounted. A link there could lead a mount
// elsewhere, and a file would make every engine fail, which would look like a fault of the machine.
type scene struct {
	// folders are the places that may only be folders, and work is one that must not be a file.
	folders map[string]bool
	work    string
	// links are the links of the layer that is read, by their place.
	links map[string]string
	// bytes is what the links take, about.
	bytes int
}

// newScene returns the scene of an image. It fails with errImage if the settings of the image cannot be used.
func newScene(s *settings) (*scene, error) {
	found := &scene{folders: map[string]bool{}, links: map[string]string{}}
	for _, own := range []string{"proc", "sys", "dev", "tmp", strings.TrimPrefix(InputDir, "/"), strings.TrimPrefix(OutputDir, "/")} {
		found.folders[own] = true
	}
	for volume := range s.Config.Volumes {
		found.folders[place(volume)] = true
	}
	if s.Config.WorkingDir != "" {
		found.work = place(s.Config.WorkingDir)
	}
	for _, list := range [][]string{s.Config.Env, s.Config.Cmd, s.Config.Entrypoint, {s.Config.WorkingDir}} {
		for _, text := range list {
			if strings.ContainsRune(text, 0) {
				return nil, badImage("its configuration has the text %.40q with a zero byte", text)
			}
		}
	}
	for _, variable := range s.Config.Env {
		if strings.HasPrefix(variable, "=") {
			return nil, badImage("its configuration has the variable %.40q without a name", variable)
		}
	}
	return found, nil
}

// place returns a path as it is called within an image, without the slash at its beginning. It is empty for the root.
func place(name string) string { return strings.TrimPrefix(path.Clean("/"+name), "/") }

// layer begins a further layer. Links of other layers do not count when it is unpacked.
func (s *scene) layer() { s.links, s.bytes = map[string]string{}, 0 }

// entry looks at an entry of a layer. It fails with errImage if it is in the way.
func (s *scene) entry(h *tar.Header) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	at, found := s.resolve(place(h.Name))
	for element := range strings.SplitSeq(at, "/") {
		if len(element) > maxName {
			return badImage("a layer has the entry %.100q with an element of %d bytes, at most %d are possible", h.Name, len(element), maxName)
		}
	}
	if base := path.Base(at); strings.HasPrefix(base, whiteout) && (base == whiteout || base == whiteout+"." || base == whiteout+"..") {
		return badImage("a layer has the entry %.100q, which removes nothing", h.Name)
	}
	if !found {
		return badImage("a layer has the entry %.100q behind more than %d links", h.Name, maxHops)
	}
	if h.Typeflag == tar.TypeDir {
		delete(s.links, at)
		return nil
	}
	below := strings.HasPrefix(at, strings.TrimPrefix(InputDir, "/")+"/") && !strings.HasPrefix(path.Base(at), whiteout)
	if at == "" || s.folders[at] || below {
		return badImage("a layer has the entry %.100q in the place of a folder that %s mounts; remove it from the image", h.Name, Profile)
	}
	if h.Typeflag == tar.TypeSymlink {
		if s.bytes += len(at) + len(h.Linkname); len(h.Linkname) > maxPath || s.bytes > maxLinkBytes {
			return badImage("a layer has the link %.100q, and links of more than %d bytes, or of %d bytes together", h.Name, maxPath, maxLinkBytes)
		}
		// Copies, because names share the memory of everything else in their header.
		s.links[strings.Clone(at)] = strings.Clone(h.Linkname)
		return nil
	}
	delete(s.links, at)
	if at == s.work {
		return badImage("its working directory /%.100s is a file", at)
	}
	return nil
}

// resolve returns where an entry lies if the folders above it are links, and whether it could be found out.
func (s *scene) resolve(name string) (at string, found bool) {
	for range maxHops {
		next, linked := s.follow(name)
		if !linked {
			return name, true
		}
		name = next
	}
	return name, false
}

// follow replaces the first folder of a path that is a link, and reports whether there was one.
func (s *scene) follow(name string) (next string, linked bool) {
	if len(s.links) == 0 {
		return name, false
	}
	for i, c := range []byte(name) {
		if c != '/' {
			continue
		}
		to, is := s.links[name[:i]]
		switch {
		case !is:
			continue
		case path.IsAbs(to):
			return place(to + name[i:]), true
		default:
			return place(path.Dir(name[:i]) + "/" + to + name[i:]), true
		}
	}
	return name, false
}
