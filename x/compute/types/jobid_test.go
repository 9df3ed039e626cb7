package types_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/x/compute/types"
)

func drawJobID(t *rapid.T, label string) types.JobID {
	return types.JobID{
		Height: rapid.Uint64Range(0, math.MaxInt64).Draw(t, label+" height"),
		Tx:     rapid.Uint32().Draw(t, label+" tx"),
		N:      rapid.Uint32().Draw(t, label+" n"),
	}
}

func TestJobIDsReadBackAsTheyAreWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := drawJobID(t, "id")
		read, err := types.ParseJobID(id.String())
		require.NoError(t, err)
		require.Equal(t, id, read)

		buffer := make([]byte, types.JobIDKey.Size(id))
		n, err := types.JobIDKey.Encode(buffer, id)
		require.NoError(t, err)
		require.Equal(t, len(buffer), n)
		n, decoded, err := types.JobIDKey.DecodeNonTerminal(append(buffer, 1, 2, 3))
		require.NoError(t, err)
		require.Equal(t, len(buffer), n, "what follows in the key is left")
		require.Equal(t, id, decoded)

		text, err := types.JobIDKey.EncodeJSON(id)
		require.NoError(t, err)
		decoded, err = types.JobIDKey.DecodeJSON(text)
		require.NoError(t, err)
		require.Equal(t, id, decoded)
	})
}

func TestStoredJobIDsSortByAge(t *testing.T) {
	older := func(a, b types.JobID) bool {
		if a.Height != b.Height {
			return a.Height < b.Height
		}
		if a.Tx != b.Tx {
			return a.Tx < b.Tx
		}
		return a.N < b.N
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawJobID(t, "a"), drawJobID(t, "b")
		if rapid.Bool().Draw(t, "same block") {
			b.Height = a.Height
		}
		require.Equal(t, older(a, b), bytes.Compare(a.Bytes(), b.Bytes()) < 0)
	})
}

func TestJobIDsAreRefusedUnlessWrittenAsStringWrites(t *testing.T) {
	for _, s := range []string{
		"", "-", "--", "1", "1-2", "1-2-3-4", "1--3", "a-2-3", "1-2-3 ", " 1-2-3", "+1-2-3", "-1-2-3", "01-2-3",
		"1-02-3", "1-2-03", "0x1-2-3", "1_0-2-3", "1e3-2-3", "1-4294967296-3", "1-2-4294967296",
		"9223372036854775808-0-0", "99999999999999999999-0-0", "1-2-3\x00", "１-2-3",
	} {
		_, err := types.ParseJobID(s)
		require.ErrorIs(t, err, types.ErrInvalidJobID, "%q", s)
	}
	long := make([]byte, 1<<16)
	_, err := types.ParseJobID(string(long))
	require.ErrorIs(t, err, types.ErrInvalidJobID)
	require.Less(t, len(err.Error()), 400, "an error does not carry all that was sent")
}

func TestShortKeysAreNotJobIDs(t *testing.T) {
	for n := range 16 {
		_, _, err := types.JobIDKey.Decode(make([]byte, n))
		require.Error(t, err, "%d bytes", n)
	}
	_, err := types.JobIDKey.DecodeJSON([]byte(`7`))
	require.Error(t, err)
}

func FuzzParseJobID(f *testing.F) {
	for _, s := range []string{"1-0-0", "9223372036854775807-4294967295-4294967295", "", "1-2", "01-2-3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := types.ParseJobID(s)
		if err == nil && id.String() != s {
			t.Fatalf("%q was read as %s", s, id)
		}
	})
}

func FuzzJobIDKey(f *testing.F) {
	f.Add([]byte{})
	f.Add(types.JobID{Height: 7, Tx: types.NoTxIndex, N: 1}.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		n, id, err := types.JobIDKey.Decode(b)
		if err == nil && !bytes.Equal(id.Bytes(), b[:n]) {
			t.Fatalf("%x was decoded as %s", b, id)
		}
	})
}
