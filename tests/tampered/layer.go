package tampered

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/thetaedge/theta/models/format"
)

// DropLastLayer copies a converted model without its last layer. It fails with format.ErrNotModel if
// the file is another one, and if the model has no other layer.
func DropLastLayer(from, to string) error {
	source, model, err := open(from)
	if err != nil {
		return err
	}
	defer source.Close() //nolint:errcheck // read only
	header := model.Header
	last := len(header.Model.Layers) - 1
	if last < 1 {
		return fmt.Errorf("expected a model of at least two layers, found %d", last+1)
	}
	header.Model.Layers = header.Model.Layers[:last]
	dropped := fmt.Sprintf("layers.%d.", last)
	header.Parts = slices.DeleteFunc(slices.Clone(header.Parts), func(p format.Part) bool { return strings.HasPrefix(p.Name, dropped) })
	return create(to, func(target *os.File) error {
		writer, err := format.NewWriter(target, header)
		if err != nil {
			return err
		}
		for _, part := range header.Parts {
			if err := copyPart(writer, source, model, part.Name); err != nil {
				return err
			}
		}
		return writer.Close()
	})
}

// copyPart writes a part of a model as it is.
func copyPart(writer *format.Writer, source io.ReaderAt, model *format.File, name string) error {
	part, position, _ := model.Part(name)
	content, err := io.ReadAll(io.NewSectionReader(source, position, int64(part.Length))) //nolint:gosec // within the file
	if err != nil {
		return err
	}
	return writer.Write(name, content)
}
