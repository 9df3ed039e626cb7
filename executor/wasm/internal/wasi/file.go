package wasi

import "io"

// File is a regular file of the program, which is open for reading.
type File struct{ node *node }

// File returns the file of a descriptor, or the error number: EBADF if it is not open or not
// open for reading, ESPIPE for a stream, EISDIR for a directory, and EINVAL for /dev/null.
func (h *Host) File(fd uint32) (File, Errno) {
	d, errno := h.descriptor(fd)
	switch {
	case errno != ok:
		return File{}, errno
	case d.stream != nil:
		return File{}, errSpipe
	case d.node.isDir():
		return File{}, errIsdir
	case !d.readable:
		return File{}, errBadf
	case d.node.null:
		return File{}, errInval
	}
	return File{d.node}, ok
}

// Size returns the size in bytes.
func (f File) Size() uint64 { return f.node.size() }

// Digest returns the SHA-256 of the content, and whether it is known. It is known only of an input.
func (f File) Digest() (digest [32]byte, known bool) {
	if f.node.input == nil {
		return digest, false
	}
	digest = f.node.input.digest
	return digest, digest != [32]byte{}
}

// Read fills p from an offset on; all of p is within the size. An error is a failure of the
// machine.
func (f File) Read(p []byte, offset uint64) error {
	for len(p) > 0 {
		n, err := f.node.readAt(p, offset)
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		p, offset = p[n:], offset+uint64(n)
	}
	return nil
}
