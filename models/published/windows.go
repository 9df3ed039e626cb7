package published

import "fmt"

// Windows cuts windows at even distances out of a text. Each begins with the tokens that a text
// begins with, and has `length` tokens in all. If the text is too short, the windows are fewer, and
// the last one may be shorter. It fails if the text gives fewer than two tokens.
func (m *Model) Windows(text string, count, length int) ([][]int32, error) {
	tokens, err := m.Tokenizer.Encode(text)
	if err != nil {
		return nil, err
	}
	begin := m.Tokenizer.Begin()
	piece := length - len(begin)
	if len(tokens) < 2 || piece < 2 || count < 1 {
		return nil, fmt.Errorf("expected a text of at least 2 tokens and windows of at least %d, found %d tokens and %d windows of %d", len(begin)+2, len(tokens), count, length)
	}
	count = min(count, (len(tokens)+piece-1)/piece)
	windows := make([][]int32, 0, count)
	for i := range count {
		at := 0
		if count > 1 {
			at = i * max(len(tokens)-piece, 0) / (count - 1)
		}
		part := tokens[at:min(at+piece, len(tokens))]
		windows = append(windows, append(append([]int32{}, begin...), part...))
	}
	return windows, nil
}
