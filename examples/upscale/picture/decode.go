package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"github.com/thetaedge/theta/examples/upscale/network"
)

// Bounds of pictures.
const (
	// MaxFile bounds the file of a picture, in bytes.
	MaxFile = 64 << 20
	// MaxPixels bounds the pixels of the enlarged picture.
	MaxPixels = 1 << 24
)

// Picture is a picture as a network reads it, and what its file has in addition.
type Picture struct {
	network.Picture
	// Grey says that the picture has no colours: all three are equal.
	Grey bool
	// Alpha has one byte per pixel, 255 for opaque ones; it is nil if all are opaque.
	Alpha []byte
}

// Decode reads a PNG or JPEG file that is to be enlarged by a scale. Sixteen bits are rounded to
// eight.
func Decode(content []byte, scale int) (Picture, error) {
	if len(content) > MaxFile {
		return Picture{}, fmt.Errorf("expected a picture of at most %d bytes, found %d", MaxFile, len(content))
	}
	read, readConfig := png.Decode, png.DecodeConfig
	switch {
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
	case bytes.HasPrefix(content, []byte("\xff\xd8")):
		read, readConfig = jpeg.Decode, jpeg.DecodeConfig
	default:
		return Picture{}, fmt.Errorf("expected a PNG or JPEG file, found one that begins with %q", content[:min(len(content), 8)])
	}
	config, err := readConfig(bytes.NewReader(content))
	if err != nil {
		return Picture{}, fmt.Errorf("read the size of the picture: %w", err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > MaxPixels/scale/scale/config.Height {
		return Picture{}, fmt.Errorf("expected a picture of at most %d pixels to enlarge by %d, found %dx%d; make it smaller",
			MaxPixels/scale/scale, scale, config.Width, config.Height)
	}
	decoded, err := read(bytes.NewReader(content))
	if err != nil {
		return Picture{}, fmt.Errorf("read the picture: %w", err)
	}
	return from(decoded), nil
}

// from copies the pixels of a picture.
func from(decoded image.Image) Picture {
	b := decoded.Bounds()
	p := Picture{Picture: network.NewPicture(b.Dy(), b.Dx()), Alpha: make([]byte, b.Dy()*b.Dx())}
	p.Grey = decoded.ColorModel() == color.GrayModel || decoded.ColorModel() == color.Gray16Model
	opaque := true
	for y := range p.Height {
		for x := range p.Width {
			c := straight(decoded.At(b.Min.X+x, b.Min.Y+y))
			i := y*p.Width + x
			to := p.Pixels[i*network.Colours:]
			to[0], to[1], to[2], p.Alpha[i] = eight(c.R), eight(c.G), eight(c.B), eight(c.A)
			opaque = opaque && p.Alpha[i] == 255
		}
	}
	if opaque {
		p.Alpha = nil
	}
	return p
}

// straight returns a colour that is not multiplied with its alpha. Those that are not already keep
// all their bits.
func straight(c color.Color) color.NRGBA64 {
	if c, is := c.(color.NRGBA); is {
		return color.NRGBA64{R: 0x101 * uint16(c.R), G: 0x101 * uint16(c.G), B: 0x101 * uint16(c.B), A: 0x101 * uint16(c.A)}
	}
	return color.NRGBA64Model.Convert(c).(color.NRGBA64)
}

// eight rounds sixteen bits to eight.
func eight(v uint16) byte { return byte((uint32(v)*255 + 32767) / 65535) }
