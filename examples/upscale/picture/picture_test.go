package picture_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/examples/upscale/network"
	"github.com/thetaedge/theta/examples/upscale/picture"
)

func pngOf(t testing.TB, p image.Image) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, png.Encode(&file, p))
	return file.Bytes()
}

func decode(t *testing.T, p image.Image) picture.Picture {
	t.Helper()
	made, err := picture.Decode(pngOf(t, p), 2)
	require.NoError(t, err)
	return made
}

func TestSixteenBitsAreRoundedToEight(t *testing.T) {
	p := image.NewGray16(image.Rect(0, 0, 4, 1))
	for x, v := range []uint16{0, 128, 129, 65535} {
		p.SetGray16(x, 0, color.Gray16{Y: v})
	}
	made := decode(t, p)
	require.True(t, made.Grey)
	require.Equal(t, []byte{0, 0, 0, 0, 0, 0, 1, 1, 1, 255, 255, 255}, made.Pixels)
	for v := range 256 {
		q := image.NewNRGBA64(image.Rect(0, 0, 1, 1))
		q.SetNRGBA64(0, 0, color.NRGBA64{R: uint16(257 * v), A: 65535})
		require.Equal(t, byte(v), decode(t, q).Pixels[0])
	}
}

func TestColoursOfTransparentPixelsAreKept(t *testing.T) {
	p := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	p.SetNRGBA(0, 0, color.NRGBA{R: 200, G: 100, B: 50, A: 1})
	p.SetNRGBA(1, 0, color.NRGBA{R: 1, G: 2, B: 3})
	made := decode(t, p)
	require.False(t, made.Grey)
	require.Equal(t, []byte{200, 100, 50, 1, 2, 3}, made.Pixels)
	require.Equal(t, []byte{1, 0}, made.Alpha)

	palette := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.NRGBA{R: 9, G: 8, B: 7, A: 6}})
	made = decode(t, palette)
	require.Equal(t, []byte{9, 8, 7}, made.Pixels)
	require.Equal(t, []byte{6}, made.Alpha)
}

func TestAJPEGIsRead(t *testing.T) {
	p := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for i := range p.Pix {
		p.Pix[i] = 180
	}
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, p, nil))
	made, err := picture.Decode(file.Bytes(), 4)
	require.NoError(t, err)
	require.Nil(t, made.Alpha)
	require.Equal(t, 16, made.Height)
	require.InDelta(t, 180, made.Pixels[0], 2)
}

func TestAWrongPictureIsRefused(t *testing.T) {
	whole := pngOf(t, image.NewGray(image.Rect(0, 0, 9, 9)))
	large := pngOf(t, image.NewGray(image.Rect(0, 0, 2049, 2048)))
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty":     {nil, "expected a PNG or JPEG file"},
		"GIF":       {[]byte("GIF89a123456"), `begins with "GIF89a12"`},
		"cut":       {whole[:len(whole)-20], "read the picture"},
		"cut early": {whole[:12], "read the size of the picture"},
		"too large": {large, "expected a picture of at most 4194304 pixels to enlarge by 2, found 2049x2048; make it smaller"},
		"huge file": {make([]byte, picture.MaxFile+1), "at most 67108864 bytes"},
	} {
		_, err := picture.Decode(c.content, 2)
		require.ErrorContains(t, err, c.want, name)
	}
	_, err := picture.Decode(pngOf(t, image.NewGray(image.Rect(0, 0, 2048, 2048))), 2)
	require.NoError(t, err)
}

// encoded writes a picture and reads it with the standard library.
func encoded(t *testing.T, p picture.Picture) image.Image {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, picture.Encode(&file, p))
	out, err := png.Decode(&file)
	require.NoError(t, err)
	return out
}

func TestAGreyPictureStaysGrey(t *testing.T) {
	p := picture.Picture{Grey: true}
	out := encoded(t, p.Enlarged(network.Picture{Height: 1, Width: 2, Pixels: []byte{10, 11, 13, 255, 255, 255}}, 1))
	require.Equal(t, color.GrayModel, out.ColorModel())
	require.Equal(t, color.Gray{Y: 11}, out.At(0, 0))
	require.Equal(t, color.Gray{Y: 255}, out.At(1, 0))
}

func TestAlphaIsEnlargedWithStraightLines(t *testing.T) {
	p := picture.Picture{Picture: network.NewPicture(1, 2), Alpha: []byte{0, 200}}
	large := p.Enlarged(network.NewPicture(2, 4), 2)
	require.Equal(t, []byte{0, 50, 150, 200, 0, 50, 150, 200}, large.Alpha)
	out := encoded(t, large)
	require.Equal(t, color.NRGBA{A: 150}, out.At(2, 1))
	large = p.Enlarged(network.NewPicture(3, 6), 3)
	require.Equal(t, []byte{0, 0, 67, 133, 200, 200}, large.Alpha[:6])
}

// FuzzDecode reads pictures of strangers, and writes those that it can read.
func FuzzDecode(f *testing.F) {
	f.Add(pngOf(f, image.NewNRGBA(image.Rect(0, 0, 3, 2))))
	f.Add(pngOf(f, image.NewGray16(image.Rect(0, 0, 3, 2))))
	var file bytes.Buffer
	require.NoError(f, jpeg.Encode(&file, image.NewRGBA(image.Rect(0, 0, 8, 8)), nil))
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		p, err := picture.Decode(content, 64)
		if err != nil {
			return
		}
		require.Len(t, p.Pixels, p.Height*p.Width*network.Colours)
		require.LessOrEqual(t, p.Height*p.Width, picture.MaxPixels/64/64)
		require.NoError(t, picture.Encode(&bytes.Buffer{}, p))
	})
}
