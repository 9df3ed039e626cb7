package relay

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
)

func newBox(t *testing.T) (blob.Token, string) {
	t.Helper()
	token, err := blob.NewToken()
	require.NoError(t, err)
	box, err := blob.BoxOf(token)
	require.NoError(t, err)
	return token, box
}

func TestOnlyTheTokenOpensABox(t *testing.T) {
	r := startRelay(t, nil)
	token, box := newBox(t)
	stranger, _ := newBox(t)
	d, err := r.client.PutSink(t.Context(), r.client.BoxURL(box), strings.NewReader("result"), 6)
	require.NoError(t, err)

	drops, err := r.client.ListDrops(t.Context(), token)
	require.NoError(t, err)
	require.Len(t, drops, 1)
	require.Equal(t, d, drops[0].Digest)
	require.EqualValues(t, 6, drops[0].Size)
	var got bytes.Buffer
	_, err = r.client.GetDrop(t.Context(), token, d, 6, &got)
	require.NoError(t, err)
	require.Equal(t, "result", got.String())

	_, unused := newBox(t)
	var answers []string
	for _, path := range []string{"/v1/drops/" + box, "/v1/drops/" + box + "/" + d.String(), "/v1/drops/" + unused, "/v1/drops/" + unused + "/" + d.String()} {
		for _, header := range []http.Header{nil, {"Authorization": {"Bearer " + string(stranger)}}, {"Authorization": {"Bearer"}}, {"Authorization": {"Basic " + string(token)}}} {
			res, text := r.request(t, http.MethodGet, path, nil, header)
			require.Equal(t, http.StatusForbidden, res.StatusCode)
			answers = append(answers, text)
		}
	}
	for _, answer := range answers {
		require.Equal(t, answers[0], answer, "a used box must not differ from an unused one")
	}
	// Nor is a drop a public blob.
	_, err = r.client.GetBlob(t.Context(), r.client.BlobURL(d), d, 6, io.Discard)
	require.ErrorIs(t, err, transfer.ErrGone)
}

func TestEmptyBoxListsNothing(t *testing.T) {
	r := startRelay(t, nil)
	token, _ := newBox(t)
	drops, err := r.client.ListDrops(t.Context(), token)
	require.NoError(t, err)
	require.Empty(t, drops)
	_, err = r.client.GetDrop(t.Context(), token, blob.DigestOf(nil), 10, io.Discard)
	require.ErrorIs(t, err, transfer.ErrGone)
}

// putDrop adds content as the client that X-Forwarded-For names.
func (r *relay) putDrop(t *testing.T, box, client, content string) int {
	t.Helper()
	res, _ := r.request(t, http.MethodPut, "/v1/drops/"+box+"/"+blob.DigestOf([]byte(content)).String(), []byte(content), http.Header{"X-Forwarded-For": {client}})
	return res.StatusCode
}

// TestAddingTellsNothingOfOthers holds the blindness of a round: a node that
// guesses a result must not learn from the relay whether another delivered it.
func TestAddingTellsNothingOfOthers(t *testing.T) {
	probe := func(delivered bool) []any {
		r := startRelay(t, trustLoopback(func(c *Config) { c.BoxCount, c.BoxClientPercent = 8, 50 }))
		_, box := newBox(t)
		if delivered {
			require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "yes"))
		} else {
			require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "nay"))
		}
		var answers []any
		for _, guess := range []string{"yes", "junk", "more junk"} {
			answers = append(answers, r.putDrop(t, box, "203.0.113.2", guess))
		}
		for _, guess := range []string{"yes", "even more junk"} {
			answers = append(answers, r.putDrop(t, box, "198.51.100.3", guess))
		}
		// Nor do the sums that are public.
		_, health := r.request(t, http.MethodGet, "/healthz", nil, nil)
		bytes, files := r.vault.usage()
		answers = append(answers, health, bytes, files)
		return answers
	}
	require.Equal(t, probe(false), probe(true))
}

func TestOneClientCannotFillABox(t *testing.T) {
	r := startRelay(t, trustLoopback(func(c *Config) { c.BoxCount, c.BoxClientPercent = 16, 50 }))
	token, box := newBox(t)
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "a"))
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "b"))
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "c"))
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "d"))
	require.Equal(t, http.StatusInsufficientStorage, r.putDrop(t, box, "203.0.113.1", "e"), "one is its floor; three of eight are above it, and half of what is left is less")
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "a"), "a retry of what is there costs nothing")
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.2", "f"), "its neighbour has the rest of what their network may hold")
	require.Equal(t, http.StatusInsufficientStorage, r.putDrop(t, box, "203.0.113.3", "g"))
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "198.51.100.1", "h"))
	drops, err := r.client.ListDrops(t.Context(), token)
	require.NoError(t, err)
	require.Len(t, drops, 6)
}

func TestBoxBytesAreCapped(t *testing.T) {
	r := startRelay(t, trustLoopback(func(c *Config) { c.BoxBytes, c.BoxClientPercent = 16, 100 }))
	_, box := newBox(t)
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "12345678"))
	require.Equal(t, http.StatusInsufficientStorage, r.putDrop(t, box, "198.51.100.2", "abcdefghi"))
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "198.51.100.2", "ab"))
}

func TestExpiredDropsFreeTheirBox(t *testing.T) {
	r := startRelay(t, trustLoopback(func(c *Config) { c.BoxCount, c.BoxClientPercent = 1, 100 }))
	_, box := newBox(t)
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "a"))
	require.Equal(t, http.StatusInsufficientStorage, r.putDrop(t, box, "203.0.113.1", "b"))
	r.clock.advance(r.cfg.DropTTL)
	r.Sweep()
	require.Empty(t, r.vault.boxes)
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "b"))
	require.Len(t, filesUnder(t, r.cfg.Root), 2, "the content, and who is charged for it")
}

// TestRetriesOfOwnDropsAlwaysSucceed: a lost answer must not cost a delivery.
func TestRetriesOfOwnDropsAlwaysSucceed(t *testing.T) {
	r := startRelay(t, trustLoopback(func(c *Config) { c.BoxCount, c.BoxClientPercent = 2, 100 }))
	_, box := newBox(t)
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "203.0.113.1", "a"))
	require.Equal(t, http.StatusCreated, r.putDrop(t, box, "198.51.100.2", "a"), "each pays for the same content")
	require.Equal(t, http.StatusInsufficientStorage, r.putDrop(t, box, "192.0.2.3", "a"), "full for others, present or not")
	require.Equal(t, http.StatusInsufficientStorage, r.putDrop(t, box, "192.0.2.3", "b"))
	for _, client := range []string{"203.0.113.1", "198.51.100.2"} {
		require.Equal(t, http.StatusCreated, r.putDrop(t, box, client, "a"))
	}
	bytes, files := r.vault.usage()
	require.EqualValues(t, 2, bytes, "the sum does not tell that both have brought the same")
	require.Equal(t, 2, files)
}
