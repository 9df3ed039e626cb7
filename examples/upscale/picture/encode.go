package picture

import (
	"image"
	"image/color"
	"image/png"
	"io"

	"github.com/thetaedge/theta/examples/upscale/network"
)

// Enlarged returns the picture that belongs to enlarged colours. Alpha is enlarged with straight
// lines between the pixels.
func (p Picture) Enlarged(colours network.Picture, scale int) Picture {
	made := Picture{Picture: colours, Grey: p.Grey}
	if p.Alpha != nil {
		made.Alpha = linear(p.Alpha, p.Height, p.Width, scale)
	}
	return made
}

// linear enlarges a plane. The middle of pixel x of the result lies at (2x + 1)/(2·scale) of the
// plane, and that of pixel i of the plane at (2i + 1)/2.
func linear(plane []byte, height, width, scale int) []byte {
	out := make([]byte, 0, scale*height*scale*width)
	for y := range scale * height {
		top, bottom, down := between(y, scale, height)
		for x := range scale * width {
			left, right, across := between(x, scale, width)
			upper := int(plane[top*width+left])*(2*scale-across) + int(plane[top*width+right])*across
			lower := int(plane[bottom*width+left])*(2*scale-across) + int(plane[bottom*width+right])*across
			sum := upper*(2*scale-down) + lower*down
			out = append(out, byte((sum+2*scale*scale)/(4*scale*scale)))
		}
	}
	return out
}

// between returns the two places of a row of a length that lie around a pixel of the enlarged
// row, and how much the second one counts, from 0 to below 2·scale.
func between(x, scale, length int) (a, b, part int) {
	at := max(2*x+1-scale, 0)
	a, part = at/(2*scale), at%(2*scale)
	return a, min(a+1, length-1), part
}

// Encode writes a picture as PNG: with one channel if it is grey and opaque.
func Encode(w io.Writer, p Picture) error {
	if p.Grey && p.Alpha == nil {
		out := image.NewGray(image.Rect(0, 0, p.Width, p.Height))
		for i := range out.Pix {
			c := p.Pixels[i*network.Colours:]
			out.Pix[i] = byte((int(c[0]) + int(c[1]) + int(c[2]) + 1) / 3)
		}
		return png.Encode(w, out)
	}
	out := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i := range p.Height * p.Width {
		c, alpha := p.Pixels[i*network.Colours:], byte(255)
		if p.Alpha != nil {
			alpha = p.Alpha[i]
		}
		out.SetNRGBA(i%p.Width, i/p.Width, color.NRGBA{R: c[0], G: c[1], B: c[2], A: alpha})
	}
	return png.Encode(w, out)
}
