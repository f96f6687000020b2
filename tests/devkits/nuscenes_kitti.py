"""Print what KittiDB of nuScenes' development kit makes of the KITTI dataset in argv[1], as JSON."""

import json
import sys

import matplotlib

matplotlib.use("Agg")

import numpy as np
from nuscenes.utils.data_classes import Box
from nuscenes.utils.geometry_utils import points_in_box
from nuscenes.utils.kitti import KittiDB
from PIL import Image
from pyquaternion import Quaternion


def frame(db: KittiDB, token: str) -> dict:
    calibration = db.get_transforms(token, root=db.root)
    cloud = db.get_pointcloud(token, root=db.root)
    rotation = Quaternion(matrix=calibration["velo_to_cam"]["R"])
    rectification = Quaternion(matrix=calibration["r0_rect"])
    with Image.open(db.get_filepath(token, "image_2", root=db.root)) as image:
        size = image.size
    boxes = []
    for box in db.get_boxes(token):
        kitti = db.box_nuscenes_to_kitti(box, rotation, calibration["velo_to_cam"]["T"], rectification)
        projected = db.project_kitti_box_to_image(kitti, calibration["p_left"], size)
        box.rotate(db.kitti_to_nu_lidar_inv)
        smaller, larger = (Box(box.center, np.maximum(box.wlh + m, 0), box.orientation) for m in (-0.2, 0.2))
        boxes.append(
            {
                "name": box.name,
                "corners": box.corners().T.tolist(),  # in the frame of the velodyne file
                "projected": None if projected is None else [float(x) for x in projected],
                # a tenth of a metre within its faces, and out to as much beyond them
                "well_inside": np.flatnonzero(points_in_box(smaller, cloud.points[:3])).tolist(),
                "about_inside": np.flatnonzero(points_in_box(larger, cloud.points[:3])).tolist(),
            }
        )
    drawn, names = db.get_boxes_2d(token)
    return {
        "token": token,
        "size": size,
        "points": cloud.nbr_points(),
        "projection": np.asarray(calibration["p_combined"]).tolist(),
        "boxes": boxes,
        "boxes_2d": [[float(x) for x in box] for box in drawn],
        "names_2d": list(names),
    }


database = KittiDB(sys.argv[1], splits=("training",))
print(json.dumps([frame(database, token) for token in database.tokens]))
