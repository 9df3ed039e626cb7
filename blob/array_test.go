package blob

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func arrayItems(n int) []ArrayItem {
	items := make([]ArrayItem, n)
	for i := range items {
		content := fmt.Appendf(nil, "input %d", i)
		items[i] = ArrayItem{Digest: DigestOf(content), Size: uint64(len(content))}
	}
	return items
}

// climb hashes a proof up to a root, by the rule of RFC 6962.
func climb(t *testing.T, proof ArrayProof, count, task uint64) Digest {
	t.Helper()
	digest, err := ParseDigest(proof.Sha256)
	require.NoError(t, err)
	node := ArrayItem{Digest: digest, Size: proof.Size}.leaf()
	path := proof.Path
	for width, at := count, task; width > 1; width, at = (width+1)/2, at/2 {
		if at^1 >= width {
			continue
		}
		sibling, err := ParseDigest(path[0])
		require.NoError(t, err)
		path = path[1:]
		if at%2 == 0 {
			node = arrayInner(node, sibling)
		} else {
			node = arrayInner(sibling, node)
		}
	}
	require.Empty(t, path)
	return node
}

func TestProofsAreReadOffArrayFilesOfEverySize(t *testing.T) {
	for n := 1; n <= 70; n++ {
		file, root, err := EncodeArray(arrayItems(n))
		require.NoError(t, err)
		require.Len(t, file, int(arrayBytes(uint64(n))))
		for task := range uint64(n) {
			proof, err := ReadArrayProof(bytes.NewReader(file), int64(len(file)), task)
			require.NoError(t, err)
			require.Equal(t, arrayItems(n)[task].Digest.String(), proof.Sha256)
			require.Equal(t, root, climb(t, proof, uint64(n), task), "task %d of %d", task, n)
		}
	}
}

func TestOnlyArrayFilesAreReadAsSuch(t *testing.T) {
	file, _, err := EncodeArray(arrayItems(5))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		file []byte
		task uint64
	}{
		"nothing":       {nil, 0},
		"other content": {bytes.Repeat([]byte("x"), len(file)), 0},
		"one cut off":   {file[:len(file)-1], 0},
		"one too long":  {append(bytes.Clone(file), 0), 0},
		"no such task":  {file, 5},
		"a far task":    {file, 1 << 63},
		"a huge count":  {append([]byte(arrayMagic), bytes.Repeat([]byte{0xff}, 8)...), 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadArrayProof(bytes.NewReader(c.file), int64(len(c.file)), c.task)
			require.ErrorIs(t, err, ErrNotArray)
		})
	}
	_, _, err = EncodeArray(nil)
	require.Error(t, err)
}

func FuzzReadArrayProof(f *testing.F) {
	file, _, err := EncodeArray(arrayItems(3))
	require.NoError(f, err)
	f.Add(file, uint64(1))
	f.Fuzz(func(t *testing.T, file []byte, task uint64) {
		proof, err := ReadArrayProof(bytes.NewReader(file), int64(len(file)), task)
		if err == nil {
			require.LessOrEqual(t, len(proof.Path), 24)
		}
	})
}

func TestRelayServesTheInputsOfAnArray(t *testing.T) {
	r := startRelay(t, nil)
	items := arrayItems(9)
	file, root, err := EncodeArray(items)
	require.NoError(t, err)
	array, err := r.client.PutBlob(t.Context(), bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	content, err := r.client.PutBlob(t.Context(), bytes.NewReader([]byte("input 7")), 7)
	require.NoError(t, err)

	get := func(name string) (int, []byte) {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, r.client.ArrayURL(array)+"/"+name, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, body
	}
	status, body := get("7.proof")
	require.Equal(t, http.StatusOK, status)
	var proof ArrayProof
	require.NoError(t, json.Unmarshal(body, &proof))
	require.Equal(t, root, climb(t, proof, 9, 7))
	status, body = get(content.String())
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "input 7", string(body))

	for name, want := range map[string]int{
		"9.proof": http.StatusNotFound, "07.proof": http.StatusBadRequest, "x.proof": http.StatusBadRequest,
		"nothing": http.StatusBadRequest, DigestOf([]byte("never uploaded")).String(): http.StatusNotFound,
	} {
		status, _ := get(name)
		require.Equal(t, want, status, name)
	}
	array = content // no array file
	status, _ = get("0.proof")
	require.Equal(t, http.StatusNotFound, status)
}

func TestEachTaskHasABoxOfItsOwn(t *testing.T) {
	r := startRelay(t, nil)
	token, err := NewToken()
	require.NoError(t, err)
	box, err := BoxOf(token)
	require.NoError(t, err)
	sink := r.client.TaskBoxesURL(box)
	require.NoError(t, CheckSink(sink))

	put := func(sink, content string) error {
		_, err := r.client.PutSink(t.Context(), sink, bytes.NewReader([]byte(content)), int64(len(content)))
		return err
	}
	require.NoError(t, put(r.client.BoxURL(box)+"/tasks/3", "three"))
	require.NoError(t, put(r.client.BoxURL(box)+"/tasks/4", "four"))
	require.ErrorIs(t, put(sink, "no task"), ErrBadRequest)
	for _, bad := range []string{"/tasks/", "/tasks/03", "/tasks/-1", "/tasks/3/4", "/other"} {
		require.ErrorIs(t, put(r.client.BoxURL(box)+bad, "x"), ErrRefused, bad)
	}

	drops, err := r.client.ForTask(3).ListDrops(t.Context(), token)
	require.NoError(t, err)
	require.Len(t, drops, 1)
	var got bytes.Buffer
	_, err = r.client.ForTask(3).GetDrop(t.Context(), token, drops[0].Digest, 10, &got)
	require.NoError(t, err)
	require.Equal(t, "three", got.String())
	_, err = r.client.ForTask(4).GetDrop(t.Context(), token, drops[0].Digest, 10, io.Discard)
	require.ErrorIs(t, err, ErrGone)

	drops, err = r.client.ListDrops(t.Context(), token)
	require.NoError(t, err)
	require.Empty(t, drops, "the job's own box holds none of them")
	other, err := NewToken()
	require.NoError(t, err)
	strange, err := r.client.ForTask(3).ListDrops(t.Context(), other)
	require.NoError(t, err)
	require.Empty(t, strange)
}
