package meter

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

var (
	// ErrInvalid wraps errors about bytes that are not a valid module, or not one with the
	// instructions of the profile.
	ErrInvalid = errors.New("invalid wasm module")
	// ErrUnsupported wraps errors about a valid module that exceeds a limit of the profile or
	// uses a reserved name.
	ErrUnsupported = errors.New("unsupported wasm module")
	// ErrNoEntry wraps errors about a module without an Entry. It is an ErrUnsupported.
	ErrNoEntry = fmt.Errorf("%w", ErrUnsupported)
	// ErrImportKind wraps errors about a module that imports anything other than functions. It
	// is an ErrUnsupported.
	ErrImportKind = fmt.Errorf("%w", ErrUnsupported)
)

// reader reads bytes and remembers the first failure, after which it returns only zeros.
type reader struct {
	b   []byte
	pos int
	err error
}

// fail notes that the module is not valid.
func (r *reader) fail(format string, a ...any) { r.refuse(ErrInvalid, format, a...) }

// limit refuses a count that is over the limit of the profile.
func (r *reader) limit(count, most uint64, of string) {
	if count > most {
		r.refuse(ErrUnsupported, "%d %s, at most %d are allowed", count, of, most)
	}
}

func (r *reader) refuse(cause error, format string, a ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: at byte %d: %s", cause, r.pos, fmt.Sprintf(format, a...))
	}
}

func (r *reader) done() bool { return r.err != nil || r.pos >= len(r.b) }

func (r *reader) byte() byte {
	if r.err == nil && r.pos >= len(r.b) {
		r.fail("unexpected end")
	}
	if r.err != nil {
		return 0
	}
	c := r.b[r.pos]
	r.pos++
	return c
}

func (r *reader) bytes(n uint32) []byte {
	if r.err == nil && uint64(n) > uint64(len(r.b)-r.pos) {
		r.fail("expected %d more bytes, found %d", n, len(r.b)-r.pos)
	}
	if r.err != nil {
		return nil
	}
	out := r.b[r.pos : r.pos+int(n)]
	r.pos += int(n)
	return out
}

// name reads a name, which must be UTF-8.
func (r *reader) name() string {
	text := r.bytes(r.u32())
	if !utf8.Valid(text) {
		r.fail("a name is not UTF-8")
	}
	return string(text)
}

// count reads the length of a vector whose items take at least one byte each.
func (r *reader) count() uint32 {
	n := r.u32()
	if r.err == nil && uint64(n) > uint64(len(r.b)-r.pos) {
		r.fail("%d items in %d bytes", n, len(r.b)-r.pos)
	}
	if r.err != nil {
		return 0
	}
	return n
}

// u32 reads an unsigned LEB128 number of at most 32 bits.
func (r *reader) u32() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7f) << shift
		if c&0x80 == 0 {
			if v > 1<<32-1 {
				r.fail("number is over 32 bits")
			}
			return uint32(v)
		}
	}
	r.fail("number is over 32 bits")
	return 0
}

// signed reads a signed LEB128 number with this number of bits, at most 64.
func (r *reader) signed(bits uint) int64 {
	var v int64
	for shift := uint(0); shift < bits; {
		c := r.byte()
		v |= int64(c&0x7f) << shift
		last := shift == 63
		if shift += 7; c&0x80 != 0 {
			continue
		}
		if last && c != 0 && c != 0x7f {
			break
		}
		if shift < 64 && c&0x40 != 0 {
			v |= -1 << shift
		}
		if bits < 64 && (v < -1<<(bits-1) || v >= 1<<(bits-1)) {
			break
		}
		return v
	}
	r.fail("number is over %d bits", bits)
	return 0
}

// appendU32 appends an unsigned LEB128 number.
func appendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// appendSigned appends a signed LEB128 number.
func appendSigned(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func appendName(b []byte, name string) []byte {
	return append(appendU32(b, uint32(len(name))), name...)
}
