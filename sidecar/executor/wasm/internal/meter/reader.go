package meter

import (
	"errors"
	"fmt"
)

// ErrUnsupported wraps every refusal of a module: it uses something outside of
// the profile, or is not a module at all.
var ErrUnsupported = errors.New("unsupported wasm module")

var (
	// ErrNoEntry wraps the refusal of a module without an Entry; it is ErrUnsupported.
	ErrNoEntry = fmt.Errorf("%w", ErrUnsupported)
	// ErrImportKind wraps the refusal of a module that imports something else than
	// functions; it is ErrUnsupported.
	ErrImportKind = fmt.Errorf("%w", ErrUnsupported)
)

// reader walks over bytes and remembers the first failure, after which it only
// returns zeros.
type reader struct {
	b   []byte
	pos int
	err error
}

func (r *reader) fail(format string, a ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: at byte %d: %s", ErrUnsupported, r.pos, fmt.Sprintf(format, a...))
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

// skipLEB passes over a LEB128 number of at most max bytes, signed or not.
func (r *reader) skipLEB(most int) {
	for range most {
		if r.byte()&0x80 == 0 {
			return
		}
	}
	r.fail("number is over %d bytes", most)
}

// appendU32 appends an unsigned LEB128 number.
func appendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// appendS32 appends a signed LEB128 number.
func appendS32(b []byte, v int32) []byte {
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
