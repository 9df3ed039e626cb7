package container

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/thetaedge/theta/executor"
)

const (
	// maxEntries bounds the files and folders of an image, over all of its layers.
	maxEntries = 1 << 20
	// zstdMemory bounds the memory of one decoder, in bytes.
	zstdMemory = 128 << 20
)

// errImage means that an image is not what it must be. No machine can run it.
var errImage = errors.New("the image cannot be run")

// errTooLarge means that this machine accepts no image of that size. Another machine may accept it, so that is not a result.
var errTooLarge = fmt.Errorf("%w: the image is larger than this machine accepts when it is unpacked; raise container.max-image to allow larger images", executor.ErrUnavailable)

func badImage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errImage, fmt.Sprintf(format, args...))
}

// budget is what the layers of one image may still take.
type budget struct {
	ctx     context.Context //nolint:containedctx // the readers below it have no other way to see it
	bytes   uint64
	entries int
	// disk is what the files may still take when they are unpacked, with their holes.
	disk uint64
	// scene is what the layers must leave free.
	scene *scene
}

// entryBytes is what a file or folder takes on the disk in addition to its content, about.
const entryBytes = 4096

// layer is one layer of an image.
type layer struct {
	// open returns the bytes as they are stored, which may be compressed.
	open func() (io.ReadCloser, error)
	// digest is the SHA-256 in hex of the stored bytes, or empty if the image does not say it.
	digest string
	// diffID is the SHA-256 in hex of the uncompressed bytes.
	diffID string
	// size is the number of uncompressed bytes, and disk what the files take when they are unpacked. Both are known
	// once the layer was verified.
	size, disk uint64
}

// verify reads a whole layer, compares its digests and refuses entries that have no place in a
// layer. It takes what the layer needs from the budget and sets its size.
func (l *layer) verify(left *budget) error {
	stored, err := l.open()
	if err != nil {
		return err
	}
	defer stored.Close() //nolint:errcheck // read only
	raw := sha256.New()
	packed := io.TeeReader(stored, raw)
	plain, err := decompress(packed)
	if err != nil {
		return err
	}
	defer plain.Close() //nolint:errcheck // read only
	content := sha256.New()
	counted := &counter{from: plain, left: left}
	read := io.TeeReader(counted, content)
	before := left.disk
	if err := checkEntries(tar.NewReader(read), left); err != nil {
		return err
	}
	// Bytes behind the end of the tar belong to the layer, as its digests do.
	for _, rest := range []io.Reader{read, packed} {
		if _, err := io.Copy(io.Discard, rest); err != nil {
			return layerError(err)
		}
	}
	l.size, l.disk = counted.read, before-left.disk
	if found := hex.EncodeToString(raw.Sum(nil)); l.digest != "" && found != l.digest {
		return badImage("expected a layer with digest sha256:%s, found sha256:%s", l.digest, found)
	}
	if found := hex.EncodeToString(content.Sum(nil)); found != l.diffID {
		return badImage("expected a layer with content sha256:%s, found sha256:%s", l.diffID, found)
	}
	return nil
}

// writeTo writes the uncompressed layer, which was verified before.
func (l *layer) writeTo(w io.Writer) error {
	stored, err := l.open()
	if err != nil {
		return err
	}
	defer stored.Close() //nolint:errcheck // read only
	plain, err := decompress(stored)
	if err != nil {
		return err
	}
	defer plain.Close() //nolint:errcheck // read only
	_, err = io.CopyN(w, plain, int64(l.size))
	return err
}

// decompress returns the uncompressed bytes of a layer, whose first bytes say how it is compressed.
func decompress(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(r)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case strings.HasPrefix(string(magic), "\x1f\x8b"):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, badImage("a layer looks like gzip and is not: %v", err)
		}
		return z, nil
	case string(magic) == "\x28\xb5\x2f\xfd":
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(zstdMemory), zstd.WithDecoderMaxWindow(zstdMemory))
		if err != nil {
			return nil, badImage("a layer looks like zstd and is not: %v", err)
		}
		return z.IOReadCloser(), nil
	default:
		return io.NopCloser(buffered), nil
	}
}

// counter takes what is read from a budget.
type counter struct {
	from io.Reader
	left *budget
	read uint64
}

// Read implements io.Reader. It fails with errTooLarge once the budget is used up.
func (c *counter) Read(p []byte) (int, error) {
	if err := c.left.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.from.Read(p)
	if uint64(n) > c.left.bytes {
		return 0, errTooLarge
	}
	c.left.bytes -= uint64(n)
	c.read += uint64(n)
	return n, err
}

// checkEntries refuses entries that lead out of the image or that are devices.
func checkEntries(r *tar.Reader, left *budget) error {
	left.scene.layer()
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return layerError(err)
		}
		if left.entries--; left.entries < 0 {
			return badImage("it has more than %d files and folders", maxEntries)
		}
		// The size of a sparse file is not that of its content in the layer: engines write zeros for its holes.
		if h.Size < 0 || uint64(h.Size) > left.disk || left.disk-uint64(h.Size) < entryBytes {
			return errTooLarge
		}
		left.disk -= uint64(h.Size) + entryBytes
		if err := checkInside(h.Name); err != nil {
			return err
		}
		if err := left.scene.entry(h); err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeDir, tar.TypeSymlink, tar.TypeXGlobalHeader, tar.TypeFifo, tar.TypeGNUSparse:
		case tar.TypeLink:
			if err := checkInside(h.Linkname); err != nil {
				return err
			}
		default:
			return badImage("a layer has the entry %.100q of type %q; build the image without devices", h.Name, string(h.Typeflag))
		}
	}
}

// checkInside refuses a name in an archive that leads out of it.
func checkInside(name string) error {
	clean := path.Clean(name)
	if len(name) > maxPath {
		return badImage("its archive has an entry with a path of %d bytes, at most %d are possible", len(name), maxPath)
	}
	if path.IsAbs(name) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsRune(name, 0) {
		return badImage("its archive has the entry %.100q, expected a path within the archive", name)
	}
	return nil
}

// layerError says that a layer cannot be read. Errors of the machine stay what they are.
func layerError(err error) error {
	var machine *fs.PathError
	switch {
	case errors.Is(err, errImage), errors.Is(err, executor.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &machine):
		return err
	default:
		return badImage("a layer cannot be unpacked: %v", err)
	}
}
