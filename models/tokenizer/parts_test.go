package tokenizer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/models/tokenizer"
)

// The time for a conversation grows with its length, not with the square of it.
func TestALongConversationIsEncodedInTheTimeOfItsLength(t *testing.T) {
	tok := small(t, "qwen")
	var parts []tokenizer.Part
	for range 200_000 {
		parts = append(parts, tokenizer.Part{Text: "<|im_end|>"}, tokenizer.Part{Plain: true}, tokenizer.Part{Text: "<|im_end|>", Plain: true})
	}
	begin := time.Now()
	ids, err := tok.EncodeParts(parts)
	require.NoError(t, err)
	require.Less(t, time.Since(begin), time.Minute)
	end, err := tok.Special("<|im_end|>")
	require.NoError(t, err)
	count := 0
	for _, id := range ids {
		if id == end {
			count++
		}
	}
	require.Equal(t, 200_000, count)
}
