package tampered

import (
	"fmt"
	"io"
	"os"
)

// flippedPart contains the bit that is flipped: the lowest one of its first weight. All families of
// models have the part.
const flippedPart = "layers.0.q.weight"

// FlipBit copies a converted model with one bit of its weights changed. It fails with
// format.ErrNotModel if the file is another one.
func FlipBit(from, to string) error {
	source, model, err := open(from)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // read only
	_, position, found := model.Part(flippedPart)
	if !found {
		return fmt.Errorf("expected a part %s in the model, found none", flippedPart)
	}
	return create(to, func(target *os.File) error {
		if _, err := io.Copy(target, source); err != nil {
			return err
		}
		weight := make([]byte, 1)
		if _, err := target.ReadAt(weight, position); err != nil {
			return err
		}
		weight[0] ^= 1
		_, err := target.WriteAt(weight, position)
		return err
	})
}
