package container

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

const (
	// maxArchiveEntries bounds the entries of an archive, which are blobs and not files.
	maxArchiveEntries = 4096
	// maxDocumentBytes bounds each document of an image: manifests, indexes and its configuration.
	maxDocumentBytes = 4 << 20
	// maxLayers is the highest number of layers. Engines cannot stack more.
	maxLayers = 127
)

// image is an image that is not in the engine yet.
type image struct {
	// config is the document with the command and the environment of the image, and id its SHA-256
	// in hex, by which engines call the image.
	config []byte
	id     string
	// manifest is the SHA-256 in hex of the manifest, or empty if the archive has none.
	manifest string
	layers   []*layer
	settings settings
}

// settings is the part of an image's configuration that this package reads.
type settings struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Config       struct {
		Volumes    map[string]struct{}
		Env        []string
		Cmd        []string
		Entrypoint []string
		WorkingDir string
	} `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

// archive is an image archive on disk: the layout of the Open Container Initiative, or what docker
// save writes.
type archive struct {
	file *os.File
	// entries contains where the blobs are, and links the names that stand for other names.
	entries map[string]span
	links   map[string]string
}

// span is a part of a file.
type span struct{ offset, size int64 }

// openArchive reads the names of an archive. It fails with errImage. The caller closes it.
func openArchive(name string) (*archive, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	a := &archive{file: file, entries: map[string]span{}, links: map[string]string{}}
	if err := a.index(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return a, nil
}

func (a *archive) close() error { return a.file.Close() }

// index finds out where the entries of the archive are. Nothing is written to the disk.
func (a *archive) index() error {
	info, err := a.file.Stat()
	if err != nil {
		return err
	}
	r := tar.NewReader(a.file)
	for count := 0; ; count++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return badImage("the archive is not a tar file (%v); write it with: docker save IMAGE -o FILE", err)
		}
		if count >= maxArchiveEntries {
			return badImage("the archive has more than %d entries", maxArchiveEntries)
		}
		if err := checkInside(h.Name); err != nil {
			return err
		}
		offset, err := a.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		clean := strings.Clone(path.Clean(h.Name)) // a name shares the memory of everything else in its header
		_, twice := a.entries[clean]
		switch {
		case h.Typeflag == tar.TypeDir, h.Typeflag == tar.TypeXGlobalHeader:
		case twice:
			return badImage("the archive has the entry %.100q twice", h.Name)
		case h.Typeflag == tar.TypeReg && offset+h.Size > info.Size():
			return badImage("the archive ends within the entry %.100q; fetch or write it again", h.Name)
		case h.Typeflag == tar.TypeReg:
			a.entries[clean] = span{offset, h.Size}
		case h.Typeflag == tar.TypeSymlink:
			// docker save writes a layer that occurs twice once, and a link for the other.
			to := path.Join(path.Dir(clean), h.Linkname) //nolint:gosec // a name to look up; nothing is written
			if err := checkInside(to); err != nil || path.IsAbs(h.Linkname) {
				return badImage("the archive has the link %.100q to %.100q, expected one within the archive", h.Name, h.Linkname)
			}
			a.links[clean] = strings.Clone(to)
		default:
			return badImage("the archive has the entry %.100q of type %q, expected files only", h.Name, string(h.Typeflag))
		}
	}
	return nil
}

// find returns where an entry is. It follows one link.
func (a *archive) find(name string) (span, error) {
	name = path.Clean(name)
	if to, linked := a.links[name]; linked {
		name = to
	}
	found, has := a.entries[name]
	if !has {
		return span{}, badImage("the archive names %.100q and does not contain it", name)
	}
	return found, nil
}

func (a *archive) open(name string) (io.ReadCloser, error) {
	at, err := a.find(name)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(io.NewSectionReader(a.file, at.offset, at.size)), nil
}

// document reads a small entry.
func (a *archive) document(name string) ([]byte, error) {
	at, err := a.find(name)
	if err != nil {
		return nil, err
	}
	if at.size > maxDocumentBytes {
		return nil, badImage("%.100q has %d bytes, at most %d are possible", name, at.size, maxDocumentBytes)
	}
	content := make([]byte, at.size)
	_, err = io.ReadFull(io.NewSectionReader(a.file, at.offset, at.size), content)
	return content, err
}

// image returns the only image of the archive, for an architecture such as "amd64". Its layers are not
// verified yet.
func (a *archive) image(architecture string) (*image, error) {
	if _, oci := a.entries["index.json"]; oci {
		index, err := a.document("index.json")
		if err != nil {
			return nil, err
		}
		return imageOf(index, "", architecture, a.blob)
	}
	return a.saved()
}

// blob returns the bytes of a blob of the layout of the Open Container Initiative.
func (a *archive) blob(digest string) (func() (io.ReadCloser, error), error) {
	name := "blobs/sha256/" + digest
	if _, err := a.find(name); err != nil {
		return nil, err
	}
	return func() (io.ReadCloser, error) { return a.open(name) }, nil
}

// saved returns the image of an archive that docker save has written.
func (a *archive) saved() (*image, error) {
	content, err := a.document("manifest.json")
	if err != nil {
		return nil, fmt.Errorf("%w; expected an archive with index.json or manifest.json, as docker save writes it", err)
	}
	var list []struct {
		Config string
		Layers []string
	}
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, badImage("manifest.json: %v", err)
	}
	if len(list) != 1 {
		return nil, badImage("expected an archive of one image, found %d", len(list))
	}
	config, err := a.document(list[0].Config)
	if err != nil {
		return nil, err
	}
	i, err := newImage(config, len(list[0].Layers))
	if err != nil {
		return nil, err
	}
	if named := hexDigest(strings.TrimSuffix(path.Base(list[0].Config), ".json")); named != "" && named != i.id {
		return nil, badImage("expected a configuration with digest sha256:%s, found sha256:%s", named, i.id)
	}
	for n, name := range list[0].Layers {
		if _, err := a.find(name); err != nil {
			return nil, err
		}
		i.layers[n].open = func() (io.ReadCloser, error) { return a.open(name) }
	}
	return i, nil
}

// newImage reads the configuration of an image with a number of layers.
func newImage(config []byte, layers int) (*image, error) {
	sum := sha256.Sum256(config)
	i := &image{config: config, id: hex.EncodeToString(sum[:])}
	if err := json.Unmarshal(config, &i.settings); err != nil {
		return nil, badImage("its configuration: %v", err)
	}
	ids := i.settings.RootFS.DiffIDs
	if len(ids) != layers || layers == 0 || layers > maxLayers {
		return nil, badImage("expected 1 to %d layers and as many digests, found %d layers and %d digests", maxLayers, layers, len(ids))
	}
	if i.settings.OS != "linux" {
		return nil, badImage("expected an image for linux, found %.40q", i.settings.OS)
	}
	for _, id := range ids {
		plain := hexDigest(strings.TrimPrefix(id, "sha256:"))
		if plain == "" {
			return nil, badImage("expected digests of layers such as sha256:..., found %.100q", id)
		}
		i.layers = append(i.layers, &layer{diffID: plain})
	}
	return i, nil
}

// verify reads all layers and compares their digests. It fails with errTooLarge if they take more than maxBytes when
// unpacked.
func (i *image) verify(ctx context.Context, maxBytes uint64) error {
	// The blocks of small files take more than the bytes of the archive say.
	free, err := newScene(&i.settings)
	if err != nil {
		return err
	}
	left := &budget{ctx: ctx, bytes: maxBytes, entries: maxEntries, disk: maxBytes, scene: free}
	for n, l := range i.layers {
		if err := l.verify(left); err != nil {
			return fmt.Errorf("layer %d: %w", n+1, err)
		}
	}
	return nil
}

// bytes returns the size of the verified layers when unpacked.
func (i *image) bytes() uint64 {
	var sum uint64
	for _, l := range i.layers {
		sum += max(l.size, l.disk)
	}
	return sum
}

// writeTo writes a verified image as an archive that every engine loads, under a name of this machine.
// Nothing else of the original archive reaches the engine.
func (i *image) writeTo(w io.Writer, name string) error {
	t := tar.NewWriter(w)
	entry := func(name string, size uint64, write func(io.Writer) error) error {
		h := &tar.Header{Name: name, Mode: 0o444, Size: int64(size), Typeflag: tar.TypeReg}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		return write(t)
	}
	whole := func(content []byte) func(io.Writer) error {
		return func(w io.Writer) error { _, err := w.Write(content); return err }
	}
	var names []string
	for n, l := range i.layers {
		name := fmt.Sprintf("layer-%d.tar", n)
		names = append(names, name)
		if err := entry(name, l.size, l.writeTo); err != nil {
			return err
		}
	}
	if err := entry(i.id+".json", uint64(len(i.config)), whole(i.config)); err != nil {
		return err
	}
	list, err := json.Marshal([]map[string]any{{"Config": i.id + ".json", "RepoTags": []string{name}, "Layers": names}})
	if err != nil {
		return err
	}
	if err := entry("manifest.json", uint64(len(list)), whole(list)); err != nil {
		return err
	}
	return t.Close()
}

// hexDigest returns a text if it is a SHA-256 in lower-case hex, or "".
func hexDigest(text string) string {
	if len(text) != 2*sha256.Size || strings.Trim(text, "0123456789abcdef") != "" {
		return ""
	}
	return text
}
