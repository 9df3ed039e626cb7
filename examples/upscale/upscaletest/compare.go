package upscaletest

import (
	"math"

	"github.com/thetaedge/theta/examples/upscale/network"
)

// PSNR returns how near two pictures of equal size are, in decibels: 20·log10(255 / the root of the
// mean square of the differences). Pixels less than `frame` from the edge do not count.
func PSNR(a, b network.Picture, frame int) float64 {
	sum, count := 0.0, 0
	for y := frame; y < a.Height-frame; y++ {
		for i := (y*a.Width + frame) * network.Colours; i < (y*a.Width+a.Width-frame)*network.Colours; i++ {
			d := float64(a.Pixels[i]) - float64(b.Pixels[i])
			sum += d * d
			count++
		}
	}
	return 10 * math.Log10(255*255*float64(count)/sum)
}

// cubic is the cubic kernel of Keys with a = -1/2.
func cubic(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return 1.5*x*x*x - 2.5*x*x + 1
	case x < 2:
		return -0.5*x*x*x + 2.5*x*x - 4*x + 2
	}
	return 0
}

// Resize returns a picture of another size: bicubic, and when it becomes smaller with a kernel that is
// as much wider, so that each pixel counts.
func Resize(p network.Picture, height, width int) network.Picture {
	source := func(y, x, c int) float64 { return float64(p.Pixels[(y*p.Width+x)*network.Colours+c]) }
	rows := weights(p.Height, height)
	cols := weights(p.Width, width)
	across := fill(p.Height, width, network.Colours, func(y, x, c int) float64 {
		sum := 0.0
		for from, w := range cols[x] {
			if w != 0 {
				sum += w * source(y, from, c)
			}
		}
		return sum
	})
	both := fill(height, width, network.Colours, func(y, x, c int) float64 {
		sum := 0.0
		for from, w := range rows[y] {
			if w != 0 {
				sum += w * across.at(from, x, c)
			}
		}
		return sum
	})
	return Round(height, width, both.values)
}

// weights returns for each place of a row of the new length how much each place of the old one
// counts.
func weights(old, length int) [][]float64 {
	stretch := max(float64(old)/float64(length), 1)
	all := make([][]float64, length)
	for i := range all {
		all[i] = make([]float64, old)
		center := (float64(i)+0.5)*float64(old)/float64(length) - 0.5
		sum := 0.0
		for from := int(math.Floor(center - 2*stretch)); from <= int(math.Ceil(center+2*stretch)); from++ {
			w := cubic((float64(from) - center) / stretch)
			all[i][min(max(from, 0), old-1)] += w
			sum += w
		}
		for from := range all[i] {
			all[i][from] /= sum
		}
	}
	return all
}
