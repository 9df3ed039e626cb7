// Package wasi is the operating system that a wasm/1 program sees. It provides WASI preview 1
// over an in-memory file system, with a logical clock and seeded randomness. A program can see
// nothing of the host except the content of the named inputs. The package does not depend on
// any wasm engine: it works on a slice of guest memory.
//
// Whatever a program passes in, a call answers with an errno and never panics.
package wasi

import "encoding/binary"

// Errno is a WASI preview 1 error number; zero is success.
type Errno uint16

// These are the error numbers with which this package answers.
const (
	ok          Errno = 0
	errAcces    Errno = 2
	errBadf     Errno = 8
	errExist    Errno = 20
	errFault    Errno = 21
	errIlseq    Errno = 25
	errInval    Errno = 28
	errIsdir    Errno = 31
	errNametoo  Errno = 37
	errNfile    Errno = 41
	errNoent    Errno = 44
	errNotdir   Errno = 54
	errNotempty Errno = 55
	errNotsup   Errno = 58
	errOverflow Errno = 61
	errPerm     Errno = 63
	errRofs     Errno = 69
	errSpipe    Errno = 70
)

// These are the file types of WASI preview 1.
const (
	typeCharacterDevice = 2
	typeDirectory       = 3
	typeRegularFile     = 4
)

// These are the flags of path_open and of descriptors.
const (
	oCreate    = 1
	oDirectory = 2
	oExclusive = 4
	oTruncate  = 8
	oAll       = oCreate | oDirectory | oExclusive | oTruncate

	fdAppend = 1
	fdAll    = 31

	whenceSet     = 0
	whenceCurrent = 1
	whenceEnd     = 2
)

// These are the rights of descriptors.
const (
	rightDatasync = 1 << 0
	rightRead     = 1 << 1
	rightSeek     = 1 << 2
	rightTell     = 1 << 5
	rightWrite    = 1 << 6
	rightAdvise   = 1 << 7
	rightAllocate = 1 << 8
	rightReaddir  = 1 << 14
	rightSetSize  = 1 << 22

	rightsAll = 1<<30 - 1
	// rightsPaths are the rights that directories have and files do not.
	rightsPaths = 0x1f<<9 | 0x3f<<15 | 7<<24
	// rightsRead and rightsWrite depend on how a file was opened. The C library uses them to
	// find out for what it was opened.
	rightsRead  = rightRead | rightReaddir
	rightsWrite = rightDatasync | rightWrite | rightAllocate | rightSetSize
	// rightsFile are the rights that files have and directories do not.
	rightsFile = rightRead | rightWrite | rightAllocate | rightSetSize | rightSeek | rightTell | rightAdvise
)

// These are the flags of the calls that set times.
const (
	timeAccess    = 1
	timeAccessNow = 2
	timeModify    = 4
	timeModifyNow = 8
	timeAll       = timeAccess | timeAccessNow | timeModify | timeModifyNow
)

// memory is the guest's linear memory during one call.
type memory []byte

// slice returns guest bytes [ptr, ptr+size), or false if they are not all there.
func (m memory) slice(ptr, size uint32) ([]byte, bool) {
	end := uint64(ptr) + uint64(size)
	if end > uint64(len(m)) {
		return nil, false
	}
	return m[ptr:end:end], true
}

func (m memory) putU32(ptr, v uint32) Errno {
	b, found := m.slice(ptr, 4)
	if !found {
		return errFault
	}
	binary.LittleEndian.PutUint32(b, v)
	return ok
}

func (m memory) putU64(ptr uint32, v uint64) Errno {
	b, found := m.slice(ptr, 8)
	if !found {
		return errFault
	}
	binary.LittleEndian.PutUint64(b, v)
	return ok
}
