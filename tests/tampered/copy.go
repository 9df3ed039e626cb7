package tampered

import (
	"errors"
	"os"

	"github.com/thetaedge/theta/models/format"
)

// open opens a converted model. It fails with format.ErrNotModel if the file is another one.
func open(path string) (file *os.File, model *format.File, err error) {
	file, err = os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	stat, err := file.Stat()
	if err == nil {
		model, err = format.Open(file, stat.Size())
	}
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return file, model, nil
}

// create makes a new file, which write fills.
func create(path string, write func(file *os.File) error) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
