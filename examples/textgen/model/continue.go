package model

import (
	"bytes"
	"fmt"
)

// Continue returns prompt, as the model read it and without line breaks at its
// end, and then as many generated characters as tokens says. NewGenerator describes
// the other arguments.
func Continue(m *Model, prompt []byte, tokens int, seed uint64, temperature int) ([]byte, error) {
	symbols, err := m.Alphabet.Encode(bytes.TrimRight(prompt, "\r\n"))
	if err != nil {
		return nil, fmt.Errorf("prompt: %w", err)
	}
	generator, err := NewGenerator(m, symbols, seed, temperature)
	if err != nil {
		return nil, err
	}
	text := m.Alphabet.Decode(symbols)
	for range tokens {
		text = append(text, generator.Next())
	}
	return text, nil
}
