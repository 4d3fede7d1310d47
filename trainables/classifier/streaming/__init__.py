"""Encoded images into network inputs, batch after batch, by threads.

Preprocessing is that of TensorFlow's Inception networks of 2016, with which the paper trained on
ImageNet: tensorflow/models, `inception/inception/image_processing.py` (crops, evaluation) and
`slim/preprocessing/inception_preprocessing.py` (the four orders of colour distortion).

An image passes through these files, in this order: `decoding`, `windows` (which part), `loader`
(resizes it in a worker thread), `finishing` (mirrors, colours, rotates, scales it on the device),
`colors`. `distortion` draws what is random.
"""
