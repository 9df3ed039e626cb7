// Package tfjs reads convolutional networks in the layers format of TensorFlow.js: a file of JSON
// with the layers and the shapes of the weights, and files with their bytes. Everything in them
// is checked before use.
package tfjs
