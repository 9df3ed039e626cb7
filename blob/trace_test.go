package blob

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestATraceHasOneEncoding(t *testing.T) {
	for _, fuel := range []uint64{0, 7, 1 << 62, 1<<64 - 1} {
		trace := Trace{Result: DigestOf([]byte("manifest")), Fuel: fuel, Trace: [32]byte{1, 2, 255}}
		encoded := trace.Encode()
		require.GreaterOrEqual(t, len(encoded), MinTraceBytes)
		require.LessOrEqual(t, len(encoded), MaxTraceBytes)
		decoded, ok := DecodeTrace(encoded)
		require.True(t, ok)
		require.Equal(t, trace, decoded)
		for i := range encoded {
			broken := bytes.Clone(encoded)
			broken[i] ^= 0x20
			if other, ok := DecodeTrace(broken); ok {
				require.Equal(t, broken, other.Encode())
				require.NotEqual(t, trace, other)
			}
			_, ok := DecodeTrace(encoded[:i])
			require.False(t, ok)
		}
		_, ok = DecodeTrace(append(bytes.Clone(encoded), '\n'))
		require.False(t, ok)
	}
}

func FuzzDecodeTrace(f *testing.F) {
	f.Add(Trace{Fuel: 7}.Encode())
	f.Fuzz(func(t *testing.T, content []byte) {
		if trace, ok := DecodeTrace(content); ok {
			require.Equal(t, content, trace.Encode())
		}
	})
}
