package blob

import (
	"context"
	"io"
)

// During returns a reader that fails with the error of ctx once ctx has ended. To read a large file takes minutes
// on a slow disk.
func During(ctx context.Context, r io.Reader) io.Reader { return during{ctx, r} }

type during struct {
	ctx context.Context
	r   io.Reader
}

func (d during) Read(p []byte) (int, error) {
	if err := d.ctx.Err(); err != nil {
		return 0, err
	}
	return d.r.Read(p)
}
