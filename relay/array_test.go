package relay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/blob/transfer"
)

func TestRelayServesTheInputsOfAnArray(t *testing.T) {
	r := startRelay(t, nil)
	var items []blob.ArrayItem
	for i := range 9 {
		input := fmt.Appendf(nil, "input %d", i)
		items = append(items, blob.ArrayItem{Digest: blob.DigestOf(input), Size: uint64(len(input))})
	}
	file, _, err := blob.EncodeArray(items)
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
	var proof blob.ArrayProof
	require.NoError(t, json.Unmarshal(body, &proof))
	want, err := blob.ReadArrayProof(bytes.NewReader(file), int64(len(file)), 7)
	require.NoError(t, err)
	require.Equal(t, want, proof)
	status, body = get(content.String())
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "input 7", string(body))

	for name, want := range map[string]int{
		"9.proof": http.StatusNotFound, "07.proof": http.StatusBadRequest, "x.proof": http.StatusBadRequest,
		"nothing": http.StatusBadRequest, blob.DigestOf([]byte("never uploaded")).String(): http.StatusNotFound,
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
	token, err := blob.NewToken()
	require.NoError(t, err)
	box, err := blob.BoxOf(token)
	require.NoError(t, err)
	sink := r.client.TaskBoxesURL(box)
	require.NoError(t, transfer.CheckSink(sink))

	put := func(sink, content string) error {
		_, err := r.client.PutSink(t.Context(), sink, bytes.NewReader([]byte(content)), int64(len(content)))
		return err
	}
	require.NoError(t, put(r.client.BoxURL(box)+"/tasks/3", "three"))
	require.NoError(t, put(r.client.BoxURL(box)+"/tasks/4", "four"))
	require.ErrorIs(t, put(sink, "no task"), transfer.ErrBadRequest)
	for _, bad := range []string{"/tasks/", "/tasks/03", "/tasks/-1", "/tasks/3/4", "/other"} {
		require.ErrorIs(t, put(r.client.BoxURL(box)+bad, "x"), transfer.ErrRefused, bad)
	}

	drops, err := r.client.ForTask(3).ListDrops(t.Context(), token)
	require.NoError(t, err)
	require.Len(t, drops, 1)
	var got bytes.Buffer
	_, err = r.client.ForTask(3).GetDrop(t.Context(), token, drops[0].Digest, 10, &got)
	require.NoError(t, err)
	require.Equal(t, "three", got.String())
	_, err = r.client.ForTask(4).GetDrop(t.Context(), token, drops[0].Digest, 10, io.Discard)
	require.ErrorIs(t, err, transfer.ErrGone)

	drops, err = r.client.ListDrops(t.Context(), token)
	require.NoError(t, err)
	require.Empty(t, drops, "the job's own box holds none of them")
	other, err := blob.NewToken()
	require.NoError(t, err)
	strange, err := r.client.ForTask(3).ListDrops(t.Context(), other)
	require.NoError(t, err)
	require.Empty(t, strange)
}
