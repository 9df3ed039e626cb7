package blob

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// brokenWriter is a disk that is full.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestACopyTellsItsSourcesErrorsFromItsDestinations(t *testing.T) {
	var copied bytes.Buffer
	d, n, readErr, writeErr := Copy(&copied, strings.NewReader("content"))
	require.NoError(t, errors.Join(readErr, writeErr))
	require.Equal(t, DigestOf([]byte("content")), d)
	require.EqualValues(t, 7, n)
	require.Equal(t, "content", copied.String())

	cut := errors.New("cut")
	_, n, readErr, writeErr = Copy(io.Discard, io.MultiReader(strings.NewReader("con"), iotest.ErrReader(cut)))
	require.Equal(t, cut, readErr)
	require.NoError(t, writeErr)
	require.EqualValues(t, 3, n)

	_, _, readErr, writeErr = Copy(brokenWriter{}, strings.NewReader("content"))
	require.NoError(t, readErr)
	require.ErrorContains(t, writeErr, "disk full")
}

func FuzzParseDigestHasOneSpelling(f *testing.F) {
	f.Add(DigestOf(nil).String())
	f.Add(strings.Repeat("0", 63) + "G")
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDigest(text)
		if err == nil && d.String() != text {
			t.Fatalf("accepted %q as %s", text, d)
		}
	})
}
