package upscaletest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
)

// Shard is the name of the file of weights.
const Shard = "group1-shard1of1.bin"

// drawing is a model in the format of TensorFlow.js under construction.
type drawing struct {
	random  *rand.Rand
	layers  []string
	weights []string
	shard   []byte
}

// Model returns a network in the format of TensorFlow.js with random weights, which has all kinds
// of layers and enlarges by a factor: the JSON and the file of weights.
func Model(seed uint64, factor int) (text, shard []byte) {
	d := drawing{random: rand.New(rand.NewPCG(seed, 1))}
	d.layer("InputLayer", "LR", `"batch_input_shape":[null,null,null,3]`)
	d.conv("first", "LR", 3, 3, 8)
	d.conv("second", "first", 3, 8, 6)
	d.layer("Activation", "relu", `"activation":"relu"`, "second")
	d.layer("Concatenate", "joined", `"axis":3`, "first", "relu")
	d.conv("third", "joined", 1, 14, 8)
	d.layer("Add", "sum", ``, "third", "first")
	d.conv("fourth", "sum", 5, 8, 4)
	d.layer("UpSampling2D", "larger", `"size":[`+number(factor)+`,`+number(factor)+`],"interpolation":"nearest","data_format":"channels_last"`, "fourth")
	d.conv("last", "larger", 3, 4, 3)
	return []byte(`{"format":"layers-model","modelTopology":{"model_config":{"class_name":"Functional","config":{"layers":[` +
		strings.Join(d.layers, ",") + `],"input_layers":[["LR",0,0]],"output_layers":[["last",0,0]]}}},"weightsManifest":[{"paths":["` +
		Shard + `"],"weights":[` + strings.Join(d.weights, ",") + `]}]}`), d.shard
}

func number(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// layer adds a layer with some settings that reads others.
func (d *drawing) layer(class, name, settings string, from ...string) {
	var inbound []string
	for _, f := range from {
		inbound = append(inbound, `["`+f+`",0,0,{}]`)
	}
	nodes := "[]"
	if len(from) > 0 {
		nodes = `[[` + strings.Join(inbound, ",") + `]]`
	}
	d.layers = append(d.layers, `{"class_name":"`+class+`","name":"`+name+`","config":{`+settings+`},"inbound_nodes":`+nodes+`}`)
}

// conv adds a convolution whose outputs are about as large as its inputs.
func (d *drawing) conv(name, from string, side, inputs, outputs int) {
	s := number(side)
	d.layer("Conv2D", name, `"filters":`+number(outputs)+`,"kernel_size":[`+s+`,`+s+`],"strides":[1,1],"dilation_rate":[1,1],`+
		`"padding":"same","data_format":"channels_last","groups":1,"activation":"linear","use_bias":true`, from)
	spread := 1 / math.Sqrt(float64(side*side*inputs))
	d.weight(name+"/kernel", spread, side, side, inputs, outputs)
	d.weight(name+"/bias", 10, outputs)
}

func (d *drawing) weight(name string, spread float64, shape ...int) {
	count := 1
	for _, side := range shape {
		count *= side
	}
	for range count {
		value := float32(spread * d.random.NormFloat64())
		d.shard = binary.LittleEndian.AppendUint32(d.shard, math.Float32bits(value))
	}
	text, _ := json.Marshal(shape)
	d.weights = append(d.weights, `{"name":"`+name+`","shape":`+string(text)+`,"dtype":"float32"}`)
}

// Open returns a function that opens the file of weights.
func Open(shard []byte) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if name != Shard {
			return nil, errors.New("no such file")
		}
		return shard, nil
	}
}
